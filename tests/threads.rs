//! `stepstream run` where the operating system gives fewer threads than it needs: it ends with what to do, whichever thread
//! could not be made. A limit of the system is imitated by a library that counts threads; where there is no C compiler to
//! build it, the test says so and passes.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "says why a test is skipped")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time for a daemon to do what it does within a second on an idle machine. No result depends on it.
const PATIENCE: Duration = Duration::from_secs(120);
/// More threads than the pipeline of the test needs.
const ENOUGH: usize = 200;
/// What the log has once everything was started.
const STARTED: &str = "pipeline started";

#[test]
fn without_threads_the_start_ends_with_what_to_do_whichever_is_missing() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("threads");
    fs::create_dir_all(&folder).expect("the build folder can be written");
    let Some(limit) = limit(&folder) else { return eprintln!("skipped: there is no C compiler (cc)") };
    let config = configuration(&folder);
    let mut most = 0;
    loop {
        let log = folder.join(format!("{most}.log"));
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_stepstream"))
            .args(["run", "--config"])
            .arg(&config)
            .env("LD_PRELOAD", &limit)
            .env("MOST_THREADS", most.to_string())
            .stderr(File::create(&log).expect("as above"))
            .spawn()
            .expect("the command starts");
        let said = || fs::read_to_string(&log).expect("there is a log");
        let ended = watch(&mut daemon, || said().contains(STARTED));
        let said = said();
        if ended.is_none() {
            break assert!(most > 2, "it started without threads:\n{said}");
        }
        assert_eq!(ended, Some(Some(1)), "with {most} threads:\n{said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with("stepstream run: ") && last.contains("raise the limit on threads"), "{most}:\n{said}");
        assert!(!said.contains("panic"), "{most}:\n{said}");
        most += 1;
        assert!(most < ENOUGH, "it never starts:\n{said}");
    }
}

/// Waits until the daemon has ended, and says with what status; or until it has started, and ends it.
fn watch(daemon: &mut Child, has_started: impl Fn() -> bool) -> Option<Option<i32>> {
    let since = Instant::now();
    loop {
        if let Some(status) = daemon.try_wait().expect("its status can be asked for") {
            return Some(status.code());
        }
        let hangs = since.elapsed() > PATIENCE;
        if hangs || has_started() {
            daemon.kill().expect("it runs");
            daemon.wait().expect("it was killed");
            assert!(!hangs, "it neither starts nor ends");
            return None;
        }
        sleep(Duration::from_millis(10));
    }
}

/// The library that counts threads.
fn limit(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("limit.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/threads/limit.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
    match compiler.stdin(Stdio::null()).status() {
        Ok(status) => assert!(status.success(), "cc does not compile it"),
        Err(error) if std::env::var_os("CI").is_some() => panic!("CI has a C compiler: {error}"),
        Err(_) => return None,
    }
    Some(library)
}

/// A pipeline whose broker is not there.
fn configuration(folder: &Path) -> PathBuf {
    let config = folder.join("stepstream.toml");
    fs::write(folder.join("w.asl.json"), r#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#)
        .expect("as above");
    let text = "[kafka]\nbootstrap.servers = \"127.0.0.1:1\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
                [[pipeline]]\nname = \"p\"\nsources = [\"s\"]\nsink = \"r\"\nlog_topic = \"e\"\nworkflow = \"w.asl.json\"\n\
                shards = 2\n";
    fs::write(&config, text).expect("as above");
    config
}
