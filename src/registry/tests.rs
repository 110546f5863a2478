use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::asl;
use crate::config::{Config, Environment};
use crate::resource::Resource;
use crate::task::{self, Connectors, Kinds, Resolved, Role};

/// A registry that keeps versions, and resumes from them.
fn keeping(folder: &Folder) -> Registry<String> {
    registry().keeping(Kept::open(&folder.file("state"), true).unwrap())
}

#[test]
fn a_restart_goes_on_with_the_last_good_version_until_the_file_is_put_right() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let first = keeping(&folder);
    let workflow = first.load("order", &file).unwrap();
    fs::write(&file, "two").unwrap();
    first.reload(&workflow);
    fs::write(&file, "bad").unwrap();
    first.reload(&workflow);
    assert!(!first.statuses()[0].from_state_dir);

    for broken in ["bad", "alien", "panic"] {
        fs::write(&file, broken).unwrap();
        assert!(registry().load("order", &file).is_err(), "without `state_dir`");
        let restarted = keeping(&folder);
        let workflow = restarted.load("order", &file).unwrap();
        assert_eq!(program(&restarted, "order"), "two", "{broken}");
        let status = &restarted.statuses()[0];
        assert!(status.from_state_dir && status.last_error.is_some(), "{status:?}");
        assert!(matches!(restarted.reload(&workflow), Reload::Refused { .. }));

        fs::write(&file, "two").unwrap();
        assert_eq!(restarted.reload(&workflow), Reload::Unchanged, "put right to what runs");
        assert_eq!(restarted.statuses()[0].last_error, None);
    }
    fs::remove_file(&file).unwrap();
    let restarted = keeping(&folder);
    let workflow = restarted.load("order", &file).unwrap();
    assert_eq!(program(&restarted, "order"), "two", "also when the file is gone");
    fs::write(&file, "three").unwrap();
    assert!(matches!(restarted.reload(&workflow), Reload::Swapped { .. }));
    assert!(!restarted.statuses()[0].from_state_dir);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_the_version_that_was_kept_stays_and_the_new_one_runs() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let first = keeping(&folder);
    let workflow = first.load("order", &file).unwrap();
    // What is written aside goes to a device that is always full.
    let aside = folder.file("state").join(format!(".order.{}", std::process::id()));
    std::os::unix::fs::symlink("/dev/full", &aside).unwrap();
    fs::write(&file, "two").unwrap();
    assert!(matches!(first.reload(&workflow), Reload::Swapped { .. }));
    assert_eq!(program(&first, "order"), "two");
    assert!(fs::symlink_metadata(&aside).is_err(), "nothing is left of what could not be written");
    fs::write(&file, "bad").unwrap();
    let restarted = keeping(&folder);
    restarted.load("order", &file).unwrap();
    assert_eq!(program(&restarted, "order"), "one");
}

#[test]
fn without_a_last_good_version_that_is_good_a_refused_file_is_an_error() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "bad").unwrap();
    assert!(keeping(&folder).load("order", &file).is_err(), "nothing was kept");
    fs::write(&file, "one").unwrap();
    keeping(&folder).load("order", &file).unwrap();
    fs::write(&file, "bad").unwrap();
    let stops = registry().keeping(Kept::open(&folder.file("state"), false).unwrap());
    assert!(stops.load("order", &file).is_err(), "`on_invalid` says stop");
    let kept = folder.file("state/order.last-good");
    fs::write(&kept, fs::read_to_string(&kept).unwrap() + "!").unwrap();
    assert!(keeping(&folder).load("order", &file).is_err(), "what was kept is damaged");
}

/// Blanks without an end.
struct Endless(usize);
impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += buffer.len();
        assert!(self.0 < 10 * asl::MAX_DEFINITION_BYTES, "it reads on and on");
        buffer.fill(b' ');
        Ok(buffer.len())
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read_whole_and_a_byte_order_mark_is_no_change() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let registry = registry();
    let workflow = registry.load("order", &file).unwrap();
    fs::write(&file, "\u{feff}one").unwrap();
    assert_eq!(registry.reload(&workflow), Reload::Unchanged);

    let error = read_definition_from(Endless(0), Path::new("endless")).unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { max_bytes: asl::MAX_DEFINITION_BYTES, .. }), "{error}");
}

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

/// A registry whose programs are texts: those that begin with `bad` don't compile, those
/// that begin with `alien` can't run here, and `panic` is too much for the compiler.
fn registry() -> Registry<String> {
    let compile = |_: &Path, text: &str| match text {
        "panic" => panic!("the compiler has a fault"),
        bad if bad.starts_with("bad") => Err(format!("1:1: {text}")),
        _ => Ok(Compiled { program: text.to_owned(), states: text.len(), warnings: String::new() }),
    };
    let resolve = |program: &String| match program.starts_with("alien") {
        true => Err("no connector for `alien`".to_owned()),
        false => Ok(Resolved::default()),
    };
    Registry::new(compile, resolve)
}

fn program(registry: &Registry<String>, name: &str) -> String {
    registry.find(name).unwrap().current().program.to_string()
}

#[test]
fn a_compiler_that_panics_refuses_the_text_and_reads_the_next_one() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    fs::write(&file, "one").unwrap();
    let registry = registry();
    let workflow = registry.load("order", &file).unwrap();
    fs::write(&file, "panic").unwrap();
    assert!(matches!(registry.reload(&workflow), Reload::Refused { why } if why.contains("the compiler panicked")));
    assert_eq!(program(&registry, "order"), "one");
    fs::write(&file, "two").unwrap();
    assert!(matches!(registry.reload(&workflow), Reload::Swapped { .. }));
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

#[test]
fn definitions_are_read_with_their_faults_rendered_and_resources_checked() {
    let folder = Folder::new();
    let file = folder.file("order.asl.json");
    let registry = Registry::of_definitions(|program| {
        match program.resources().map(|(name, _)| name).find(|name| name.as_str().contains("nobody")) {
            Some(resource) => Err(format!("no connector for {resource}")),
            None => Ok(Resolved::default()),
        }
    });
    fs::write(&file, r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } }"#).unwrap();
    let workflow = registry.load("order", &file).unwrap();
    assert_eq!(registry.statuses()[0].states, 1);

    fs::write(&file, "{\n  \"StartAt\": \"B\",\n  \"States\": { \"A\": { \"Type\": \"Pass\", \"End\": true } } }")
        .unwrap();
    let Reload::Refused { why } = registry.reload(&workflow) else { panic!("not refused") };
    assert!(why.contains("order.asl.json:2:"), "{why}");

    let task = r#"{ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:nobody", "End": true } } }"#;
    fs::write(&file, task).unwrap();
    let Reload::Refused { why } = registry.reload(&workflow) else { panic!("not refused") };
    assert!(why.contains("no connector for arn:aws:lambda:us-east-1:123456789012:function:nobody"), "{why}");
    assert!(workflow.current().label.starts_with("1-"));
}

#[test]
fn a_definition_in_yaml_is_swapped_too() {
    let folder = Folder::new();
    let file = folder.file("order.asl.yaml");
    fs::write(&file, "StartAt: A\nStates: { A: { Type: Succeed } }\n").unwrap();
    let registry = Registry::of_definitions(|_| Ok(Resolved::default()));
    let workflow = registry.load("order", &file).unwrap();
    fs::write(&file, "StartAt: B\nStates:\n  B:\n    Type: Pass\n    End: true\n").unwrap();
    assert!(matches!(registry.reload(&workflow), Reload::Swapped { .. }));
    fs::write(&file, "StartAt: B\nStates:\n  B:\n    Type: Pass\n    Next: C\n").unwrap();
    let Reload::Refused { why } = registry.reload(&workflow) else { panic!("not refused") };
    assert!(why.contains("order.asl.yaml:5:11"), "{why}");
}

#[test]
fn the_example_configuration_has_a_connector_for_every_task_of_the_example_workflows() {
    const KINDS: Kinds = &[&task::LAMBDA, &task::HTTP, &task::FILES, &task::BUILTIN];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let config = Config::load_with(&folder.join("stepstream.toml"), &Environment::default()).unwrap();
    let (connectors, findings) = Connectors::of_config(&config, KINDS);
    assert!(findings.mistakes.is_empty(), "{:?}", findings.mistakes);
    for name in ["enrichment", "order", "router", "saga"] {
        let text = fs::read_to_string(folder.join(format!("workflows/{name}.asl.json"))).unwrap();
        let faults: Vec<_> = asl::read(&text).diagnostics.into_iter().filter(|found| found.is_error()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        let resources = text.lines().filter_map(|line| line.trim().strip_prefix("\"Resource\": \"")?.split('"').next());
        let resources: Vec<Resource> = resources.map(Resource::parse).collect();
        connectors
            .resolve(resources.iter().map(|resource| (resource, Role::Task)))
            .check()
            .unwrap_or_else(|unmatched| panic!("{name}: {unmatched}"));
    }
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
    let watch = Watch::start(Arc::clone(&registry)).unwrap();

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

#[cfg(unix)]
#[test]
fn the_watch_follows_links_that_move_to_another_folder() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    for version in ["one", "two"] {
        fs::create_dir(folder.file(version)).unwrap();
        fs::write(folder.file(version).join("order.asl.json"), version).unwrap();
    }
    // As Kubernetes mounts a ConfigMap: the file links to a link, which moves as a whole.
    symlink("one", folder.file("..data")).unwrap();
    symlink("..data/order.asl.json", folder.file("order.asl.json")).unwrap();
    let registry = Arc::new(registry());
    registry.load("order", &folder.file("order.asl.json")).unwrap();
    let _watch = Watch::start(Arc::clone(&registry)).unwrap();

    symlink("two", folder.file("..next")).unwrap();
    fs::rename(folder.file("..next"), folder.file("..data")).unwrap();
    wait_for("the swap after the link moved", || program(&registry, "order") == "two");
}

#[test]
fn files_that_nobody_tells_about_are_polled() {
    let folder = Folder::new();
    let other = Folder::new();
    let file = folder.file("inner/order.asl.json");
    fs::create_dir(folder.file("inner")).unwrap();
    fs::write(&file, "one").unwrap();
    let registry = Arc::new(registry());
    registry.load("order", &file).unwrap();
    let _watch = Watch::start_with(Arc::clone(&registry), Duration::from_millis(20)).unwrap();

    // The folder that is watched goes elsewhere, another comes in its place.
    fs::rename(folder.file("inner"), other.file("inner")).unwrap();
    fs::create_dir(folder.file("inner")).unwrap();
    fs::write(&file, "two").unwrap();
    wait_for("the swap after the folder was replaced", || program(&registry, "order") == "two");
}
