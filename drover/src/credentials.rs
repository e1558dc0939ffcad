//! Who may do everything: the root client, and the queue's own client; and the keys that seal what must not be read.
//! Given by settings, or made once and kept.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use actors::auth::access_token;
use base::{Rng, SealingKey, Secret};
use serde::{Deserialize, Serialize};

use crate::{
    data_dir,
    exit::{CliError, Exit},
    settings::{AuthSettings, ROOT_CLIENT},
};

const FILE: &str = "credentials.json";

/// The id of the key that `drover dev` makes.
const KEPT_KEY: &str = "dev";

/// What every process of an installation has to agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) root_client_id: String,
    pub(crate) root_access_token: Secret,
    pub(crate) queue_access_token: Secret,
    pub(crate) sealing_keys: Vec<SealingKey>,
}

/// The file, with what settings did not give.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kept {
    client_id: String,
    access_token: String,
    queue_access_token: String,
    /// Missing in files of earlier versions.
    #[serde(default)]
    sealing_key: String,
}

impl Credentials {
    /// For `drover serve`: settings give everything, or the words say what is missing.
    pub(crate) fn given(auth: &AuthSettings) -> Result<Self, CliError> {
        let missing = |key: &str| {
            let variable = key.to_uppercase().replace('.', "__");
            CliError::new(Exit::Usage, format!("the setting `{key}` is missing; set it, or DROVER__{variable}"))
        };
        let (root_client_id, root_access_token) = root(auth)?.ok_or_else(|| missing("auth.root_credentials"))?;
        let queue_access_token = queue(auth)?.ok_or_else(|| missing("auth.queue_access_token"))?;
        let sealing_keys = Some(auth.sealing_keys.clone()).filter(|keys| !keys.is_empty());
        let sealing_keys = sealing_keys.ok_or_else(|| missing("auth.sealing_keys"))?;
        Ok(Self {
            root_client_id,
            root_access_token: root_access_token.into(),
            queue_access_token: queue_access_token.into(),
            sealing_keys,
        })
    }

    /// For `drover dev`: what settings leave open is made once and kept in the data folder, for the owner's eyes only.
    /// The kept key opens what it sealed even where settings bring others, of which the last one seals.
    pub(crate) fn given_or_kept(auth: &AuthSettings, data_dir: &Path, rng: &Rng) -> Result<Self, CliError> {
        let kept = Kept::read_or_make(&data_dir.join(FILE), rng)?;
        let kept_key = SealingKey { id: KEPT_KEY.to_owned(), key: kept.sealing_key.into() };
        let sealing_keys = [kept_key].into_iter().chain(auth.sealing_keys.clone()).collect();
        let (root_client_id, root_access_token) = root(auth)?.unwrap_or((kept.client_id, kept.access_token));
        let queue_access_token = queue(auth)?.unwrap_or(kept.queue_access_token);
        Ok(Self {
            root_client_id,
            root_access_token: root_access_token.into(),
            queue_access_token: queue_access_token.into(),
            sealing_keys,
        })
    }
}

/// The access token of the queue, as far as it can be known: given by settings, or kept by a `drover dev` of this machine. Messages
/// between processes are signed with a key that is made of it.
pub(crate) fn known_queue_access_token(auth: &AuthSettings, data_dir: Option<PathBuf>) -> Option<String> {
    if let Ok(Some(token)) = queue(auth) {
        return Some(token);
    }
    let kept: Kept = serde_json::from_slice(&fs::read(data_dir?.join(FILE)).ok()?).ok()?;
    Some(kept.queue_access_token)
}

impl Kept {
    fn read_or_make(path: &Path, rng: &Rng) -> Result<Self, CliError> {
        let words = |what: &str, error: &dyn std::fmt::Display| {
            CliError::new(Exit::Failed, format!("the credentials in {} cannot be {what}: {error}", path.display()))
        };
        match fs::read(path) {
            Ok(bytes) => {
                data_dir::restrict(path, 0o600)?;
                let mut kept: Self = serde_json::from_slice(&bytes).map_err(|error| words("read", &error))?;
                if kept.sealing_key.is_empty() {
                    kept.sealing_key = sealing_key(rng);
                    kept.write(path).map_err(|error| words("kept", &error))?;
                }
                Ok(kept)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let kept = Self::make(rng);
                kept.write(path).map_err(|error| words("kept", &error))?;
                Ok(kept)
            }
            Err(error) => Err(words("read", &error)),
        }
    }

    fn make(rng: &Rng) -> Self {
        Self {
            client_id: ROOT_CLIENT.to_owned(),
            access_token: access_token(rng),
            queue_access_token: access_token(rng),
            sealing_key: sealing_key(rng),
        }
    }

    /// Under another name first: a crash leaves no half of a file.
    fn write(&self, path: &Path) -> io::Result<()> {
        let part = path.with_extension("part");
        let _ = fs::remove_file(&part);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(part, path)
    }
}

fn sealing_key(rng: &Rng) -> String {
    SealingKey::make(KEPT_KEY, rng).key.reveal().to_owned()
}

/// What a file says, for the flag `--root-credentials-file`.
pub(crate) fn from_file(path: &Path) -> Result<String, CliError> {
    let text = fs::read_to_string(path).map(|text| text.trim().to_owned());
    let wrong = |words: &dyn std::fmt::Display| {
        CliError::new(Exit::Usage, format!("the file {} of --root-credentials-file {words}", path.display()))
    };
    match text {
        Ok(text) if text.is_empty() => Err(wrong(&"is empty; it must hold CLIENT_ID:ACCESS_TOKEN")),
        Ok(text) => Ok(text),
        Err(error) => Err(wrong(&format!("cannot be read: {error}"))),
    }
}

fn root(auth: &AuthSettings) -> Result<Option<(String, String)>, CliError> {
    let text = auth.root_credentials.reveal();
    if text.is_empty() {
        return Ok(None);
    }
    // Client ids may hold colons, tokens may not.
    let (client_id, token) = text.rsplit_once(':').filter(|(client_id, _)| !client_id.is_empty()).ok_or_else(|| {
        CliError::new(Exit::Usage, "the setting `auth.root_credentials` must be CLIENT_ID:ACCESS_TOKEN")
    })?;
    Ok(Some((client_id.to_owned(), checked("auth.root_credentials", token)?)))
}

fn queue(auth: &AuthSettings) -> Result<Option<String>, CliError> {
    let token = auth.queue_access_token.reveal();
    if token.is_empty() { Ok(None) } else { checked("auth.queue_access_token", token).map(Some) }
}

fn checked(key: &str, token: &str) -> Result<String, CliError> {
    let letters = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if letters && (22..=66).contains(&token.len()) {
        return Ok(token.to_owned());
    }
    let words = format!("the access token in `{key}` must be 22 to 66 letters, digits, `-` and `_`");
    Err(CliError::new(Exit::Usage, words))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn made_once_they_stay_the_same_and_are_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let rng = Rng::seeded(1);
        let first = Credentials::given_or_kept(&AuthSettings::default(), dir.path(), &rng).unwrap();
        let again = Credentials::given_or_kept(&AuthSettings::default(), dir.path(), &rng).unwrap();
        assert_eq!(first, again);
        assert_eq!(first.root_access_token.reveal().len(), 44);
        let known = |auth: &AuthSettings, dir: &Path| known_queue_access_token(auth, Some(dir.to_owned()));
        assert_eq!(known(&AuthSettings::default(), dir.path()), Some(first.queue_access_token.reveal().to_owned()));
        assert_eq!(known(&AuthSettings::default(), &dir.path().join("other")), None);
        let auth = AuthSettings { queue_access_token: TOKEN.into(), ..AuthSettings::default() };
        assert_eq!(known(&auth, dir.path()).as_deref(), Some(TOKEN));
        assert_eq!(fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(first.root_access_token.reveal()));
    }

    #[test]
    fn a_file_that_others_could_read_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        Credentials::given_or_kept(&AuthSettings::default(), dir.path(), &Rng::seeded(1)).unwrap();
        let file = dir.path().join(FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        Credentials::given_or_kept(&AuthSettings::default(), dir.path(), &Rng::seeded(1)).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_says_who_may_do_everything() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("root");
        fs::write(&file, format!("static/me:{TOKEN}\n")).unwrap();
        assert_eq!(from_file(&file).unwrap(), format!("static/me:{TOKEN}"));
        fs::write(&file, "\n").unwrap();
        assert!(from_file(&file).unwrap_err().to_string().contains("CLIENT_ID:ACCESS_TOKEN"));
        assert!(from_file(&dir.path().join("none")).unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn settings_win_over_what_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let auth = AuthSettings { root_credentials: format!("a:b:{TOKEN}").into(), ..AuthSettings::default() };
        let credentials = Credentials::given_or_kept(&auth, dir.path(), &Rng::seeded(1)).unwrap();
        assert_eq!((credentials.root_client_id.as_str(), credentials.root_access_token.reveal()), ("a:b", TOKEN));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let words = |auth: AuthSettings| Credentials::given(&auth).unwrap_err().to_string();
        assert!(words(AuthSettings::default()).contains("DROVER__AUTH__ROOT_CREDENTIALS"));
        let short = AuthSettings { root_credentials: "me:short".into(), ..AuthSettings::default() };
        assert!(words(short).contains("22 to 66"));
        let no_token = AuthSettings { root_credentials: TOKEN.into(), ..AuthSettings::default() };
        assert!(words(no_token).contains("CLIENT_ID:ACCESS_TOKEN"));
    }
}
