use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;

/// How long a test waits for what must happen: it decides nothing but when to give up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("stepstream-registry-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A registry whose programs are texts: those that begin with `bad` don't compile, those with `alien` can't run here.
fn registry() -> Registry<String> {
    let compile = |_: &Path, text: &str| match text.starts_with("bad") {
        true => Err(format!("1:1: {text}")),
        false => Ok(Compiled { program: text.to_owned(), states: text.len() }),
    };
    let check = |program: &String| match program.starts_with("alien") {
        true => Err("no connector for `alien`".to_owned()),
        false => Ok(()),
    };
    Registry::new(compile, check)
}

fn program(registry: &Registry<String>, name: &str) -> String {
    registry.find(name).unwrap().current().program.to_string()
}

#[test]
fn a_reload_swaps_changed_texts_and_refuses_bad_ones_without_a_change() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let registry = registry();
    let workflow = registry.load("order", &file).unwrap();
    let first = workflow.current();
    assert!(first.label.starts_with("1-"), "{}", first.label);

    for (text, expected_program, error) in [
        ("one", "one", None),
        ("bad", "one", Some("1:1: bad")),
        ("alien", "one", Some("no connector for `alien`")),
        ("two", "two", None),
        ("bad again", "two", Some("1:1: bad again")),
        ("two", "two", None),
        ("one", "one", None),
    ] {
        fs::write(&file, text).unwrap();
        let outcomes = registry.reload_all();
        assert_eq!(program(&registry, "order"), expected_program, "{text}");
        let status = &registry.statuses()[0];
        assert_eq!(status.last_error.as_ref().map(|refused| refused.why.as_str()), error, "{text}");
        let is_refused = matches!(outcomes[0].1, Reload::Refused { .. });
        assert_eq!(is_refused, error.is_some(), "{text}: {outcomes:?}");
    }
    let last = workflow.current();
    assert!(last.label.starts_with("3-"), "refused versions have no number: {}", last.label);
    assert_eq!(first.label.split_once('-').unwrap().1, last.label.split_once('-').unwrap().1, "the same text again");
    assert_eq!(*first.program, "one", "an execution under way keeps its version");
}

#[test]
fn a_file_that_vanished_is_refused_and_the_version_stays() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let registry = registry();
    let workflow = registry.load("order", &file).unwrap();
    fs::remove_file(&file).unwrap();
    let Reload::Refused { why } = registry.reload(&workflow) else { panic!("not refused") };
    assert!(why.contains("order.asl.json"), "{why}");
    assert_eq!(program(&registry, "order"), "one");
}

#[test]
fn load_says_what_is_wrong() {
    let folder = Folder::new();
    let registry = registry();
    let file = folder.file("order.asl.json");
    let missing = registry.load("order", &file).err().unwrap().to_string();
    assert!(missing.contains("order.asl.json"), "{missing}");

    fs::write(&file, "bad").unwrap();
    let bad = registry.load("order", &file).err().unwrap().to_string();
    assert!(bad.contains("1:1: bad"), "{bad}");
    assert!(registry.find("order").is_none());

    fs::write(&file, "good").unwrap();
    let workflow = registry.load("order", &file).unwrap();
    assert!(Arc::ptr_eq(&workflow, &registry.load("order", &file).unwrap()));
    let taken = registry.load("order", &folder.file("other")).err().unwrap();
    assert!(matches!(taken, LoadError::NameTaken { .. }), "{taken}");
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_watch_follows_writes_and_renames_and_recovers_from_bad_files() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let registry = Arc::new(registry());
    registry.load("order", &file).unwrap();
    let watch = Watch::start(Arc::clone(&registry));

    fs::write(&file, "two").unwrap();
    wait_for("the swap after a write", || program(&registry, "order") == "two");

    fs::write(folder.file("order.tmp"), "three").unwrap();
    fs::rename(folder.file("order.tmp"), &file).unwrap();
    wait_for("the swap after a rename", || program(&registry, "order") == "three");

    fs::write(&file, "bad").unwrap();
    wait_for("the refusal", || registry.statuses()[0].last_error.is_some());
    assert_eq!(program(&registry, "order"), "three");

    fs::write(&file, "four").unwrap();
    wait_for("the swap after the repair", || program(&registry, "order") == "four");
    assert_eq!(registry.statuses()[0].last_error, None);

    drop(watch);
    fs::write(&file, "five").unwrap();
    assert_eq!(Arc::strong_count(&registry), 1, "the thread of the watch has ended");
}
