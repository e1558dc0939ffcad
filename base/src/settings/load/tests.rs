use std::{collections::BTreeMap, fs, path::PathBuf};

use super::*;
use crate::{ConfigDuration, Secret, settings::entries};

crate::settings! {
    /// The door.
    struct Door {
        /// Address and port.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// How many at once.
        limit: u32 = 100,
        /// How long to wait.
        ///
        /// Longer is kinder.
        patience: ConfigDuration = ConfigDuration::seconds(20),
        /// The word that opens it.
        password: Secret = Secret::default(),
    }
}

crate::settings! {
    /// One room.
    struct Room {
        /// How many sleep there.
        beds: u32 = 1,
    }
}

crate::settings! {
    /// The house.
    struct TestEnv {
        /// The way in.
        door: Door,
        /// Who lives here.
        names: Vec<String> = Vec::new(),
        /// Keys of the rooms.
        keys: BTreeMap<String, u32> = BTreeMap::new(),
        /// Where it stands, if anywhere.
        place: Option<String> = None,
        /// The rooms.
        rooms: Vec<Room> = Vec::new() => Room,
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
    assert_eq!(loaded.settings.door.patience, ConfigDuration::seconds(20));
    assert!(loaded.origins.is_empty());
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = TestFile::of("names = ['file']\n[door]\nlisten = 'file'\nlimit = 1\npatience = '1m'\n");
    let loaded = Loader::bare()
        .file(&file.0)
        .variable("DROVER__DOOR__LISTEN", "environment")
        .variable("DROVER__DOOR__LIMIT", "2")
        .set("door.limit", "3")
        .load::<TestEnv>(&[])
        .unwrap();
    let door = &loaded.settings.door;
    assert_eq!((door.listen.as_str(), door.limit, door.patience), ("environment", 3, ConfigDuration::minutes(1)));
    assert_eq!(loaded.settings.names, ["file"]);
    assert_eq!(loaded.origins["door.limit"], "from the command line");
    assert_eq!(loaded.origins["door.listen"], "from DROVER__DOOR__LISTEN");
}

#[test]
fn lists_and_tables_come_from_the_environment_too() {
    let loader = Loader::bare()
        .variable("DROVER__NAMES", "ada, grace")
        .variable("DROVER__KEYS", r#"{"cellar": 7}"#)
        .variable("DROVER__PLACE", "hill")
        .variable("DROVER__DOOR__PATIENCE", "1h30m")
        .variable("DROVER__DOOR__PASSWORD", "{knock}");
    let env = loader.load::<TestEnv>(&[]).unwrap().settings;
    assert_eq!(env.names, ["ada", "grace"]);
    assert_eq!(env.keys["cellar"], 7);
    assert_eq!(env.place.as_deref(), Some("hill"));
    assert_eq!(env.door.patience, ConfigDuration::minutes(90));
    assert_eq!(env.door.password.reveal(), "{knock}");
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_a_near_one() {
    let file = TestFile::of("[door]\nlisen = 'x'\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains("no setting `door.lisen`") && words.contains("did you mean `door.listen`"), "{words}");
    assert!(words.contains(&file.0.display().to_string()), "{words}");

    let words = refused(&Loader::bare().variable("DROVER__DOOR__COLOUR_OF_THE_HANDLE", "red"));
    assert!(words.contains("DROVER__DOOR__COLOUR_OF_THE_HANDLE"), "{words}");
    assert!(words.contains("config explain"), "{words}");
}

#[test]
fn a_wrong_type_is_named_with_what_was_expected() {
    let words = refused(&Loader::bare().variable("DROVER__DOOR__LIMIT", "many"));
    assert!(words.contains("`door.limit` (from DROVER__DOOR__LIMIT)"), "{words}");
    assert!(words.contains("integer") && words.contains("many"), "{words}");

    let words = refused(&Loader::bare().set("door.patience", "soon"));
    assert!(words.contains("`door.patience` (from the command line)") && words.contains("like `500ms`"), "{words}");

    let words = refused(&Loader::bare().set("door", "open"));
    assert!(words.contains("`door`") && words.contains("a section"), "{words}");
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let words = refused(&Loader::bare().file("no-such-file.toml"));
    assert!(words.contains("no-such-file.toml"), "{words}");

    let file = TestFile::of("[door\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains(&file.0.display().to_string()), "{words}");
}

#[test]
fn the_manual_is_what_the_code_says() {
    let manual = entries::<TestEnv>(&[]);
    let keys: Vec<&str> = manual.iter().map(|entry| entry.key.as_str()).collect();
    let door = ["door", "door.listen", "door.limit", "door.patience", "door.password"];
    let others = ["names", "keys", "place", "rooms", "rooms[].beds"];
    assert_eq!(keys, [&door[..], &others].concat());
    assert_eq!(manual.last().unwrap().default, Some(serde_json::json!(1)), "what a room has unless it says otherwise");

    let patience = manual.iter().find(|entry| entry.key == "door.patience").unwrap();
    assert_eq!(patience.doc, "How long to wait.\n\nLonger is kinder.");
    assert_eq!(patience.kind.as_deref(), Some("length of time"));
    assert_eq!(patience.default, Some(serde_json::json!("20s")));
}

/// What was meant for a secret, or lies where one may lie, must not end in a log.
#[test]
fn a_value_that_may_be_secret_is_not_quoted() {
    for (name, text) in
        [("DROVER__ROOMS", "HUSH"), ("DROVER__ROOMS", "[\"HUSH\"]"), ("DROVER__ROOMS", "[{\"beds\": [\"HUSH\"]}]")]
    {
        let words = refused(&Loader::bare().variable(name, text));
        assert!(!words.contains("HUSH"), "{words}");
    }
    let words = refused(&Loader::bare().variable("DROVER__DOOR__PASSWORD", "{\"HUSH\": 1}").set("door.limit", "many"));
    assert!(words.contains("door.limit") && words.contains("many"), "{words}");
    let file = TestFile::of("[door]\npassword = ['HUSH']\n");
    let words = refused(&Loader::bare().file(&file.0));
    assert!(words.contains("door.password") && !words.contains("HUSH"), "{words}");
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
    let loader = Loader::bare().variable("DROVER__EXTENSION__INTERVAL", "1m").set("door.limit", "3");
    let loaded = loader.load::<TestEnv>(&[EXTENSION]).unwrap();
    assert_eq!(loaded.sections.get::<Extension>().unwrap().interval, ConfigDuration::minutes(1));
    assert_eq!(loaded.settings.door.limit, 3);
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
