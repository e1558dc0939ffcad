use std::{collections::BTreeMap, fs, path::PathBuf};

use super::*;
use crate::{ConfigDuration, Secret, settings::entries};

crate::settings! {
    /// The server.
    struct Server {
        /// Address and port.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// How many at once.
        limit: u32 = 100,
        /// How long to wait.
        ///
        /// Longer is safer.
        timeout: ConfigDuration = ConfigDuration::seconds(20),
        /// The password.
        password: Secret = Secret::default(),
    }
}

crate::settings! {
    /// One worker.
    struct Worker {
        /// How many tasks it runs.
        capacity: u32 = 1,
    }
}

crate::settings! {
    /// All settings.
    struct TestEnv {
        /// The server.
        server: Server,
        /// Some names.
        names: Vec<String> = Vec::new(),
        /// Some keys.
        keys: BTreeMap<String, u32> = BTreeMap::new(),
        /// An optional text.
        region: Option<String> = None,
        /// The workers.
        workers: Vec<Worker> = Vec::new() => Worker,
    }
}

/// A settings file that is removed with the value.
struct TestFile(PathBuf);

impl TestFile {
    fn of(text: &str) -> Self {
        let name = format!("drover-settings-{}.toml", crate::Rng::system().number());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn refused(loader: &Loader) -> String {
    loader.load::<TestEnv>(&[]).unwrap_err().to_string()
}

#[test]
fn without_any_layer_the_defaults_stand() {
    let loaded = Loader::bare().load::<TestEnv>(&[]).unwrap();
    assert_eq!(loaded.settings.server.timeout, ConfigDuration::seconds(20));
    assert!(loaded.origins.is_empty());
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = TestFile::of("names = ['file']\n[server]\nlisten = 'file'\nlimit = 1\ntimeout = '1m'\n");
    let loaded = Loader::bare()
        .file(&file.0)
        .variable("DROVER__SERVER__LISTEN", "environment")
        .variable("DROVER__SERVER__LIMIT", "2")
        .set("server.limit", "3")
        .load::<TestEnv>(&[])
        .unwrap();
    let server = &loaded.settings.server;
    assert_eq!((server.listen.as_str(), server.limit, server.timeout), ("environment", 3, ConfigDuration::minutes(1)));
    assert_eq!(loaded.settings.names, ["file"]);
    assert_eq!(loaded.origins["server.limit"], "from the command line");
    assert_eq!(loaded.origins["server.listen"], "from DROVER__SERVER__LISTEN");
}

#[test]
fn lists_and_tables_come_from_the_environment_too() {
    let loader = Loader::bare()
        .variable("DROVER__NAMES", "ada, grace")
        .variable("DROVER__KEYS", r#"{"a": 7}"#)
        .variable("DROVER__REGION", "north")
        .variable("DROVER__SERVER__TIMEOUT", "1h30m")
        .variable("DROVER__SERVER__PASSWORD", "{secret}");
    let env = loader.load::<TestEnv>(&[]).unwrap().settings;
    assert_eq!(env.names, ["ada", "grace"]);
    assert_eq!(env.keys["a"], 7);
    assert_eq!(env.region.as_deref(), Some("north"));
    assert_eq!(env.server.timeout, ConfigDuration::minutes(90));
    assert_eq!(env.server.password.reveal(), "{secret}");
}

#[test]
fn an_unknown_key_is_named_with_its_region_and_a_near_one() {
    let file = TestFile::of("[server]\nlisen = 'x'\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains("no setting `server.lisen`") && words.contains("did you mean `server.listen`"), "{words}");
    assert!(words.contains(&file.0.display().to_string()), "{words}");

    let words = refused(&Loader::bare().variable("DROVER__SERVER__COLOUR", "red"));
    assert!(words.contains("DROVER__SERVER__COLOUR"), "{words}");
    assert!(words.contains("config explain"), "{words}");
}

#[test]
fn a_wrong_type_is_named_with_what_was_expected() {
    let words = refused(&Loader::bare().variable("DROVER__SERVER__LIMIT", "many"));
    assert!(words.contains("`server.limit` (from DROVER__SERVER__LIMIT)"), "{words}");
    assert!(words.contains("integer") && words.contains("many"), "{words}");

    let words = refused(&Loader::bare().set("server.timeout", "soon"));
    assert!(words.contains("`server.timeout` (from the command line)") && words.contains("like `500ms`"), "{words}");

    let words = refused(&Loader::bare().set("server", "open"));
    assert!(words.contains("`server`") && words.contains("a section"), "{words}");
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let words = refused(&Loader::bare().file("no-such-file.toml"));
    assert!(words.contains("no-such-file.toml"), "{words}");

    let file = TestFile::of("[server\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains(&file.0.display().to_string()), "{words}");
}

#[test]
fn the_manual_is_what_the_code_says() {
    let manual = entries::<TestEnv>(&[]);
    let keys: Vec<&str> = manual.iter().map(|entry| entry.key.as_str()).collect();
    let server = ["server", "server.listen", "server.limit", "server.timeout", "server.password"];
    let others = ["names", "keys", "region", "workers", "workers[].capacity"];
    assert_eq!(keys, [&server[..], &others].concat());
    assert_eq!(manual.last().unwrap().default, Some(serde_json::json!(1)), "the default of each worker");

    let timeout = manual.iter().find(|entry| entry.key == "server.timeout").unwrap();
    assert_eq!(timeout.doc, "How long to wait.\n\nLonger is safer.");
    assert_eq!(timeout.kind.as_deref(), Some("duration"));
    assert_eq!(timeout.default, Some(serde_json::json!("20s")));
}

/// What was meant for a secret, or lies where one may lie, must not end in a log.
#[test]
fn a_value_that_may_be_secret_is_not_quoted() {
    for (name, text) in [
        ("DROVER__WORKERS", "HUSH"),
        ("DROVER__WORKERS", "[\"HUSH\"]"),
        ("DROVER__WORKERS", "[{\"capacity\": [\"HUSH\"]}]"),
    ] {
        let words = refused(&Loader::bare().variable(name, text));
        assert!(!words.contains("HUSH"), "{words}");
    }
    let words =
        refused(&Loader::bare().variable("DROVER__SERVER__PASSWORD", "{\"HUSH\": 1}").set("server.limit", "many"));
    assert!(words.contains("server.limit") && words.contains("many"), "{words}");
    let file = TestFile::of("[server]\npassword = ['HUSH']\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains("server.password") && !words.contains("HUSH"), "{words}");
}

crate::settings! {
    /// What a part of the program declares by itself.
    struct Extension {
        /// How often.
        interval: ConfigDuration = ConfigDuration::seconds(5),
    }
}

const EXTENSION: Section = Section::of::<Extension>("extension");

#[test]
fn a_section_extends_the_struct_with_all_that_its_own_sections_have() {
    let layers = Loader::bare().variable("DROVER__EXTENSION__INTERVAL", "1m").set("server.limit", "3");
    let loaded = layers.load::<TestEnv>(&[EXTENSION]).unwrap();
    assert_eq!(loaded.sections.get::<Extension>().unwrap().interval, ConfigDuration::minutes(1));
    assert_eq!(loaded.settings.server.limit, 3);
    assert_eq!(loaded.origins["extension.interval"], "from DROVER__EXTENSION__INTERVAL");
    let defaults = Loader::bare().load::<TestEnv>(&[EXTENSION]).unwrap().sections;
    assert_eq!(defaults.to_json().collect::<Vec<_>>(), [("extension", serde_json::json!({ "interval": "5s" }))]);

    let refused =
        |key: &str, text: &str| Loader::bare().set(key, text).load::<TestEnv>(&[EXTENSION]).unwrap_err().to_string();
    assert!(refused("extension.intervall", "1m").contains("did you mean `extension.interval`"));
    assert!(refused("extension.interval", "soon").contains("`extension.interval` (from the command line)"));
    let manual = entries::<TestEnv>(&[EXTENSION]);
    let [section, interval] = &manual[manual.len() - 2..] else { panic!("{manual:?}") };
    assert_eq!(
        (section.key.as_str(), section.doc.as_str()),
        ("extension", "What a part of the program declares by itself.")
    );
    assert_eq!((interval.key.as_str(), &interval.default), ("extension.interval", &Some(serde_json::json!("5s"))));
}
