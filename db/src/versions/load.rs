//! Reads the version files and refuses a set that breaks the rules, before anything touches a database.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use super::VersionError;
use super::direction::Direction;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/versions");

/// One numbered version of the database.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: u32,
    pub name: String,
    pub up: String,
    pub down: String,
    /// Creates functions that name the numbers in columns, `constants.sql`; they are dropped with the version.
    pub constants: Option<String>,
    /// The functions that are new or redefined in this version, by name.
    pub functions: Vec<Function>,
    /// Creates `online_migration_vN_batch` and `online_migration_vN_is_complete`.
    pub online: Option<String>,
    /// A query for rows that the version could not deal with, `preflight.sql`: what is wrong with them, and how many.
    pub preflight: Option<String>,
}

/// One stored function as one version defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// `read` or `write`.
    pub mode: String,
    /// The service that may call it.
    pub owner: String,
    pub since: u32,
    /// The last version whose programs call it; it keeps working for two more releases.
    pub last_used: Option<u32>,
    pub sql: String,
}

impl Version {
    /// The folder's name: `0007_cancel_task`.
    pub fn folder(&self) -> String {
        format!("{:04}_{}", self.number, self.name)
    }

    /// The names of the functions in `constants.sql`.
    pub(super) fn constant_names(&self) -> impl Iterator<Item = &str> {
        let lines = self.constants.iter().flat_map(|sql| sql.lines());
        lines.filter_map(|line| Some(line.strip_prefix("create function ")?.split_once('(')?.0))
    }
}

/// The versions compiled into this program, in order.
pub(super) fn shipped() -> Result<&'static [Version], VersionError> {
    static SHIPPED: OnceLock<Vec<Version>> = OnceLock::new();
    if let Some(versions) = SHIPPED.get() {
        return Ok(versions);
    }
    let versions = load(files(&FILES))?;
    Ok(SHIPPED.get_or_init(|| versions))
}

/// A number that changes with any byte of any version (FNV-1a, 64 bits): names the template of test databases.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn fingerprint() -> u64 {
    let mut files: Vec<_> = files(&FILES).collect();
    files.sort();
    let bytes = files.iter().flat_map(|(path, text)| path.bytes().chain([0]).chain(text.bytes()).chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Builds the versions from `(path, text)` pairs, paths as `0001_queue/up.sql`.
pub(super) fn load(files: impl Iterator<Item = (String, String)>) -> Result<Vec<Version>, VersionError> {
    let mut folders: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in files {
        let (folder, file) = path.split_once('/').ok_or_else(|| VersionError::file(&path, "belongs in a folder"))?;
        folders.entry(folder.to_owned()).or_default().insert(file.to_owned(), text);
    }
    let versions: Vec<Version> =
        folders.into_iter().map(|(folder, files)| version(&folder, files)).collect::<Result<_, _>>()?;
    check_order(&versions)?;
    check_redefinitions(&versions)?;
    Ok(versions)
}

fn version(folder: &str, mut files: BTreeMap<String, String>) -> Result<Version, VersionError> {
    let (number, name) = folder_name(folder)?;
    let mut take =
        |file: &str| files.remove(file).ok_or_else(|| VersionError::file(format!("{folder}/{file}"), "is missing"));
    let (up, down) = (take("up.sql")?, take("down.sql")?);
    let (constants, online, preflight) =
        (take("constants.sql").ok(), take("online.sql").ok(), take("preflight.sql").ok());
    let functions =
        files.into_iter().map(|(file, sql)| function(folder, number, &file, sql)).collect::<Result<_, _>>()?;
    let version = Version { number, name, up, down, constants, functions, online, preflight };
    check_scripts(&version)?;
    Ok(version)
}

fn folder_name(folder: &str) -> Result<(u32, String), VersionError> {
    let wrong = || VersionError::file(folder, "the folder's name must be four digits, `_` and a lower-case name");
    let (digits, name) = folder.split_once('_').ok_or_else(wrong)?;
    let number = digits.parse().ok().filter(|_| digits.len() == 4).ok_or_else(wrong)?;
    if is_name(name) { Ok((number, name.to_owned())) } else { Err(wrong()) }
}

/// Checks one function file: its head line, and that it defines that function and nothing else.
fn function(folder: &str, version: u32, file: &str, sql: String) -> Result<Function, VersionError> {
    let path = format!("{folder}/{file}");
    let wrong = |problem: &str| VersionError::file(&path, problem);
    let name = file.strip_prefix("functions/").and_then(|file| file.strip_suffix(".sql"));
    let name = name.filter(|name| is_name(name)).ok_or_else(|| {
        wrong("is not up.sql, down.sql, constants.sql, online.sql, preflight.sql or functions/NAME.sql")
    })?;
    let Head { mode, owner, since, last_used } = head(name, &sql).ok_or_else(|| {
        wrong(&format!("must begin with `-- {name}: read|write, OWNER, since version N[, last used by version M]`"))
    })?;
    if since > version || since == 0 {
        return Err(wrong("says it exists since a later version"));
    }
    let code = without_comments(&sql).to_lowercase();
    let defined: Vec<&str> = code.split("create or replace function").skip(1).map(str::trim_start).collect();
    if defined.len() != 1 || !defined[0].starts_with(&format!("{name}(")) {
        return Err(wrong(&format!("must hold exactly one `create or replace function {name}(`")));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let asks_now = code.match_indices("now()").any(|(at, _)| !code[..at].bytes().next_back().is_some_and(is_name));
    if asks_now || code.contains("current_timestamp") {
        return Err(wrong("must take the time as an argument, not ask the server's clock"));
    }
    Ok(Function { name: name.to_owned(), mode, owner, since, last_used, sql })
}

/// The facts in the first line of a function's file.
struct Head {
    mode: String,
    owner: String,
    since: u32,
    last_used: Option<u32>,
}

/// Reads `-- cancel_task: write, queue, since version 7`, with `, last used by version 9` where programs have moved on.
fn head(name: &str, sql: &str) -> Option<Head> {
    let facts = sql.lines().next()?.strip_prefix("-- ")?.strip_prefix(name)?.strip_prefix(": ")?;
    let mut facts = facts.trim_end().trim_end_matches('.').split(", ");
    let (mode, owner) = (facts.next()?, facts.next()?);
    let since = facts.next()?.strip_prefix("since version ")?.parse().ok()?;
    let last_used = match facts.next() {
        Some(fact) => Some(fact.strip_prefix("last used by version ")?.parse().ok()?),
        None => None,
    };
    let known = matches!(mode, "read" | "write") && is_name(owner) && facts.next().is_none();
    known.then(|| Head { mode: mode.to_owned(), owner: owner.to_owned(), since, last_used })
}

fn check_scripts(version: &Version) -> Result<(), VersionError> {
    let scripts =
        [("up.sql", Some(&version.up)), ("down.sql", Some(&version.down)), ("online.sql", version.online.as_ref())];
    if let Some(missing) = version.online.as_ref().and_then(|online| missing_online(version.number, online)) {
        return Err(VersionError::file(
            format!("{}/online.sql", version.folder()),
            format!("does not create {missing}"),
        ));
    }
    for (file, sql) in scripts.into_iter().filter_map(|(file, sql)| Some((file, without_comments(sql?).to_lowercase())))
    {
        let path = format!("{}/{file}", version.folder());
        if sql.contains("compression lz4") && !sql.contains("when feature_not_supported") {
            return Err(VersionError::file(path, "not every PostgreSQL knows lz4; catch feature_not_supported"));
        }
        if sql.split(';').any(|statement| matches!(statement.trim(), "begin" | "commit" | "rollback")) {
            return Err(VersionError::file(path, "runs inside a transaction already; take out begin and commit"));
        }
    }
    Ok(())
}

/// A function that an online migration cannot do without.
fn missing_online(version: u32, sql: &str) -> Option<String> {
    let mut needed = ["batch", "is_complete"].into_iter().map(|end| Direction::Up.function(version, end));
    needed.find(|name| !sql.contains(&format!("{name}(")))
}

fn check_order(versions: &[Version]) -> Result<(), VersionError> {
    for (expected, version) in (1..).zip(versions) {
        if version.number != expected {
            return Err(VersionError::file(
                version.folder(),
                format!("expected version {expected} here; numbers run from 1 without a gap"),
            ));
        }
    }
    Ok(())
}

/// A function never changes its mode, its owner or its birthday.
fn check_redefinitions(versions: &[Version]) -> Result<(), VersionError> {
    let mut known: BTreeMap<&str, &Function> = BTreeMap::new();
    for version in versions {
        for function in &version.functions {
            let path = || format!("{}/functions/{}.sql", version.folder(), function.name);
            let first = *known.entry(&function.name).or_insert(function);
            if std::ptr::eq(first, function) && function.since != version.number {
                return Err(VersionError::file(
                    path(),
                    format!("is new here, so it exists since version {}", version.number),
                ));
            }
            if (&first.mode, &first.owner, first.since) != (&function.mode, &function.owner, function.since) {
                return Err(VersionError::file(
                    path(),
                    "must keep the mode, owner and `since` of its first definition",
                ));
            }
        }
    }
    Ok(())
}

fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn files(dir: &'static Dir<'static>) -> impl Iterator<Item = (String, String)> {
    let mut found = Vec::new();
    collect(dir, &mut found);
    found.into_iter()
}

fn collect(dir: &'static Dir<'static>, found: &mut Vec<(String, String)>) {
    for file in dir.files().filter(|file| file.path().extension().is_some_and(|end| end == "sql")) {
        found.push((file.path().to_string_lossy().into_owned(), String::from_utf8_lossy(file.contents()).into_owned()));
    }
    dir.dirs().for_each(|inner| collect(inner, found));
}
