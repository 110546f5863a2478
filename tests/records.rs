//! The errors of connectors are those that `docs/records.md` tells: its tables are read and tried.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::Value;

const PAGE: &str = include_str!("../docs/records.md");

#[test]
fn errors_of_http_are_as_documented() {
    assert_rows("http", |answer| {
        let address = answer_always(answer);
        let url = format!("http://{address}/f");
        (format!("connector = \"http\"\nurl = \"{url}\""), url)
    });
}

#[test]
fn errors_of_lambda_are_as_documented() {
    assert_rows("lambda", |answer| {
        let address = answer_always(answer);
        (format!("connector = \"lambda\"\nendpoint = \"http://{address}\""), address)
    });
}

#[test]
fn errors_of_builtin_are_as_documented() {
    assert_rows("builtin", |options| {
        (format!("connector = \"builtin\"\n{}", options.replace("; ", "\n")), String::new())
    });
}

/// Runs each row of the connector's table: first cell, error, cause.
fn assert_rows(connector: &str, entry: impl Fn(&str) -> (String, String)) {
    let rows = rows(connector);
    assert!(rows.len() > 1, "{connector} has rows");
    for (number, [given, error, cause]) in rows.iter().enumerate() {
        let (entry, url) = entry(given);
        let answer = exec(&format!("{connector}-{number}"), &entry);
        assert_eq!(answer["error"], **error, "{connector}: {given}: {answer}");
        let shown = answer["cause"].as_str().unwrap_or_default();
        let shown = if url.is_empty() { shown.to_owned() } else { shown.replace(&url, "URL") };
        // The table's cells have no blanks at either end.
        assert_eq!(shown.trim(), *cause, "{connector}: {given}");
    }
}

/// The cells in backticks of the table below a heading.
fn rows(heading: &str) -> Vec<[String; 3]> {
    let section = PAGE.split("\n### ").find(|section| section.lines().next() == Some(heading)).expect("a section");
    let lines = section.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| {
            let cells: Vec<&str> =
                line.trim_matches('|').split(" | ").map(|cell| cell.trim_matches([' ', '`'])).collect();
            let [given, error, cause] = cells[..] else { panic!("three cells: {line}") };
            // A cause may begin with a blank, which is trimmed here and there.
            [given.to_owned(), error.to_owned(), cause.to_owned()]
        })
        .collect()
}

fn exec(name: &str, entry: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("records").join(name);
    fs::create_dir_all(&folder).expect("the build folder can be written");
    let resource = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let definition =
        format!(r#"{{"StartAt": "T", "States": {{"T": {{"Type": "Task", "Resource": "{resource}", "End": true}}}}}}"#);
    fs::write(folder.join("w.asl.json"), definition).expect("as above");
    let config = format!(
        "[kafka]\nbootstrap.servers = \"unused:9092\"\n[[pipeline]]\nname = \"p\"\nsources = [\"s\"]\n\
         workflow = \"w.asl.json\"\n[[task]]\nresource = \"{resource}\"\n{entry}\n"
    );
    fs::write(folder.join("stepstream.toml"), config).expect("as above");
    let output = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .args(["exec", "w.asl.json", "--json", "--config", "stepstream.toml"])
        .current_dir(&folder)
        .output()
        .expect("the command starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{name}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A server that gives this answer to every request: `status; header: value; body`.
fn answer_always(answer: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("an address").to_string();
    let (status, rest) = answer.split_once(';').unwrap_or((answer, ""));
    let rest = rest.trim_start();
    let (header, body) = match rest.split_once("; ").filter(|(header, _)| header.starts_with("x-amz-")) {
        Some((header, body)) => (format!("{header}\r\n"), body),
        None => (String::new(), rest),
    };
    let length = body.len();
    let reply = format!("HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, &reply)));
    address
}

fn serve(stream: TcpStream, reply: &str) {
    let mut request = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while request.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    // A client that is gone needs no answer.
    let _ = request.read_exact(&mut body).and_then(|()| request.get_mut().write_all(reply.as_bytes()));
}
