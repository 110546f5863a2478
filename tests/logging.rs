//! What becomes of a long-running command when what it writes can't be written, and of panics.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time for a daemon to do what it does within a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the metrics have once the pipeline runs, and signals are heeded.
const RUNNING: &str = "pipeline=\"p\"";

#[test]
fn a_log_line_that_can_t_be_written_is_counted_and_the_daemon_goes_on() {
    let (closed, address) = (configuration("closed", "127.0.0.1:0"), free_address());
    // The shell closes it before the daemon begins: there is nothing then that a line could be lost to.
    let mut daemon = Command::new("sh")
        .args(["-c", "exec \"$0\" run --config \"$1\" 2>&-", env!("CARGO_BIN_EXE_stepstream")])
        .arg(&closed)
        .env("STEPSTREAM_HTTP_LISTEN", &address)
        .spawn()
        .expect("a shell is there");
    wait_for(&mut daemon, || get(&address, "/metrics").filter(|metrics| metrics.contains(RUNNING)));
    signal(&daemon, "TERM");
    assert_eq!(daemon.wait().expect("it ends").code(), Some(0));

    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("Linux has it"));
    for (name, stderr) in [("full", full as fn() -> Stdio), ("unread", Stdio::piped)] {
        let address = free_address();
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_stepstream"))
            .args(["run", "--config"])
            .arg(configuration(name, &address))
            .stderr(stderr())
            .spawn()
            .expect("the command starts");
        // Nobody reads the pipe.
        drop(daemon.stderr.take());
        let dropped = wait_for(&mut daemon, || {
            let metrics = get(&address, "/metrics").filter(|metrics| metrics.contains(RUNNING))?;
            let line = metrics.lines().find(|line| line.starts_with("stepstream_log_lines_dropped_total"))?.to_owned();
            line.split(' ').next_back()?.parse::<u64>().ok().filter(|dropped| *dropped > 0)
        });
        assert!(dropped > 0, "{name}");
        signal(&daemon, "TERM");
        assert_eq!(daemon.wait().expect("it ends").code(), Some(0), "{name}");
    }
}

#[test]
fn a_command_whose_messages_nobody_reads_has_its_exit_status() {
    for (args, status) in [
        (["run", "--config", "/no/such/file"].as_slice(), 2),
        (&["exec", "/no/such/file"], 2),
        (&["validate", "/no/such/file"], 2),
        (&["graph", "/no/such/file"], 2),
        (&["pipe", "/no/such/file"], 2),
        (&["test-state", "/no/such/file"], 2),
        (&["dev", "--workflow", "/no/such/file"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let ended = Command::new(env!("CARGO_BIN_EXE_stepstream"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(full.try_clone().expect("a second handle"))
            .stderr(full)
            .status()
            .expect("the command starts");
        assert_eq!(ended.code(), Some(status), "{args:?}");
    }
}

/// Panics of this test's own process are caught and counted in the lines that a child of it writes.
#[test]
fn a_panic_that_comes_again_and_again_is_one_line() {
    const CHILD: &str = "STEPSTREAM_TEST_PANICS";
    if std::env::var_os(CHILD).is_some() {
        stepstream::telemetry::init_panic_lines();
        for event in 0..1000 {
            let caught = std::panic::catch_unwind(|| panic!("event\n{event}"));
            assert!(caught.is_err());
        }
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_panic_that_comes_again_and_again_is_one_line", "--nocapture"])
        .env(CHILD, "1")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("the test starts itself");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let about: Vec<&str> = said.lines().filter(|line| line.contains("panic")).collect();
    assert_eq!(about.len(), 1, "{said}");
    assert!(about[0].contains("logging.rs:") && about[0].contains(r"event\n0"), "{said}");
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("an address").to_string()
}

/// A pipeline whose broker is not there.
fn configuration(name: &str, address: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("logging").join(name);
    fs::create_dir_all(&folder).expect("the build folder can be written");
    fs::write(folder.join("w.asl.json"), r#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#)
        .expect("as above");
    let config = folder.join("stepstream.toml");
    let text = format!(
        "[kafka]\nbootstrap.servers = \"127.0.0.1:1\"\n[http]\nlisten = \"{address}\"\n\
         [[pipeline]]\nname = \"p\"\nsources = [\"s\"]\nworkflow = \"w.asl.json\"\n"
    );
    fs::write(&config, text).expect("as above");
    config
}

fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn wait_for<T>(daemon: &mut Child, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert_eq!(daemon.try_wait().expect("its status can be asked for"), None, "the daemon ended");
        assert!(since.elapsed() < PATIENCE, "nothing was seen");
        sleep(Duration::from_millis(50));
    }
}

fn signal(daemon: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &daemon.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}
