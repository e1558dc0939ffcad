//! Who may connect: the user this program runs as, as the kernel reports it (`peer`), and nobody over TCP.
//!
//! The rules are written before each start, so that data which an older version made, and which let everybody in who
//! reached the socket, are closed by the next start.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};

use super::directory::Directory;
use super::{EmbeddedError, spawn};

const RULES: &str = "\
# Written by Drover before each start of the server; changes are lost.
# Only the user that Drover runs as may connect (see pg_ident.conf), and nobody over TCP.
local all all peer map=drover
";

/// Writes the rules of the server in `directory`. Must come before its start, which reads them.
pub(super) fn restrict(directory: &Directory) -> Result<(), EmbeddedError> {
    let uid = spawn::effective_uid();
    let user = spawn::user_name().ok_or(EmbeddedError::NoUserName { uid })?;
    replace(directory, "pg_ident.conf", &map(&user))?;
    replace(directory, "pg_hba.conf", RULES)
}

/// Maps our user of the system to the server's superuser. A quote in a quoted name is written twice.
fn map(user: &str) -> String {
    format!("# Written by Drover before each start of the server.\ndrover \"{}\" postgres\n", user.replace('"', "\"\""))
}

/// Under another name first, and never through a link: the data belong to the server's user, who may not be us.
fn replace(directory: &Directory, name: &str, text: &str) -> Result<(), EmbeddedError> {
    let path = directory.data.join(name);
    let new = directory.data.join(format!("{name}.new"));
    let written = remove(&new).and_then(|()| {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
        if let Some(identity) = &directory.identity {
            fchown(&file, Some(identity.uid), Some(identity.gid))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    written.map_err(EmbeddedError::at("writing", &path))
}

fn remove(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn a_user_name_is_quoted_as_the_server_reads_it() {
        assert!(map("root").ends_with("\ndrover \"root\" postgres\n"));
        assert!(map("od\"d \\name").ends_with("\ndrover \"od\"\"d \\name\" postgres\n"));
    }
}
