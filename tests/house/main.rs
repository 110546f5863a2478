//! Rules of this house that a compiler doesn't know: who may use whom, and what a reader can take in at a time.

mod commits;
mod dead_code;
mod evidence;
mod layout;
mod rust_version;
mod words;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first, each with the rooms it may use besides itself; [`ALL_BEFORE`] stands for all that come before it.
const ROOMS: [(&str, &[&str]); 21] = [
    ("visible", &[]),
    ("limits", &[]),
    ("suggest", &[]),
    ("threads", &[]),
    ("value", &[]),
    ("expr", &["value"]),
    ("jsonata", &["value", "expr"]),
    ("identity", &[]),
    ("resource", &[]),
    ("asl", &["visible", "limits", "suggest", "value", "expr", "jsonata", "resource"]),
    ("program", &["visible", "value", "expr", "jsonata", "resource", "asl"]),
    ("engine", &["visible", "limits", "value", "expr", "jsonata", "identity", "resource", "asl", "program"]),
    ("config", &["visible", "limits", "suggest", "identity", "engine"]),
    ("telemetry", &["visible", "config"]),
    (
        "task",
        &[
            "visible",
            "limits",
            "suggest",
            "value",
            "expr",
            "jsonata",
            "identity",
            "resource",
            "asl",
            "program",
            "engine",
            "config",
            "telemetry",
        ],
    ),
    ("host", &["identity", "program", "engine", "telemetry", "task"]),
    (
        "test_state",
        &["visible", "value", "expr", "jsonata", "identity", "resource", "asl", "program", "engine", "task", "host"],
    ),
    (
        "registry",
        &[
            "visible",
            "value",
            "expr",
            "jsonata",
            "resource",
            "asl",
            "program",
            "engine",
            "task",
            "config",
            "telemetry",
            "threads",
        ],
    ),
    (
        "stream",
        &[
            "visible",
            "value",
            "identity",
            "resource",
            "program",
            "engine",
            "task",
            "host",
            "registry",
            "config",
            "telemetry",
            "threads",
        ],
    ),
    ("api", ALL_BEFORE),
    ("cli", ALL_BEFORE),
];
const ALL_BEFORE: &[&str] = &["*"];

/// What a room may not know at all, because its promise is to live without it.
const FOREIGN: [(&[&str], &[&str]); 2] = [
    (
        &["value", "expr", "jsonata", "identity", "resource", "asl", "program", "engine", "test_state"],
        &["tokio", "rdkafka", "hyper", "axum", "std::thread", "std::net", "std::time::Instant", "SystemTime::now"],
    ),
    (&["task", "registry"], &["rdkafka"]),
];

/// Lines of a file that one can still read in a sitting.
const MAX_FILE_LINES: usize = 500;
/// Lines of a function that fit a screen, its signature included.
const MAX_FUNCTION_LINES: usize = 60;

/// Functions that are longer because they are one list, not many steps: file and name.
const LONG_FUNCTIONS: [(&str, &str); 0] = [];

/// What an execution consists of: data that the interpreter works on, each in a file that can be read without it.
const ENGINE_DATA: [&str; 8] = ["export", "fault", "frame", "history", "map_run", "notes", "outcome", "pool"];

/// Marks of unfinished work, and paths that exist on one machine only. Spelled apart, so as not to be found here.
const STRAYS: [&str; 5] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("db", "g!("), concat!("/ho", "me/"), concat!("/ro", "ot/")];

#[test]
fn rooms_use_only_the_rooms_above_them() {
    let mut faults = String::new();
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        let before = |used: &str| ROOMS[..place].iter().any(|(room, _)| *room == used);
        let may_use = |used: &str| used == *room || before(used) && (*allowed == ALL_BEFORE || allowed.contains(&used));
        for file in files_of(room) {
            for (number, line) in code_lines(&file.text) {
                for used in rooms_used(&line) {
                    if !may_use(used) {
                        writeln!(faults, "{}:{number}: {room} may not use {used}", file.name).expect("a String");
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_data_of_the_engine_knows_nothing_of_the_interpreter() {
    let mut faults = String::new();
    for leaf in ENGINE_DATA {
        let path = root().join("src/engine").join(leaf).with_extension("rs");
        let file = file(path);
        for (number, line) in code_lines(&file.text) {
            for word in ["Interpreter", "super::run::"].iter().filter(|word| line.contains(**word)) {
                writeln!(faults, "{}:{number}: {word} has no place here", file.name).expect("a String");
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_folder_is_a_room_of_the_list() {
    for entry in fs::read_dir(root().join("src")).expect("the source folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let known = ROOMS.iter().any(|(room, _)| *room == name) || matches!(name, "lib" | "main");
        assert!(known, "src/{name} is no room: add it to the design, and to ROOMS here");
    }
}

#[test]
fn the_pure_rooms_know_no_runtime_network_or_clock() {
    let mut faults = String::new();
    for (rooms, foreign) in FOREIGN {
        for file in rooms.iter().flat_map(|room| files_of(room)) {
            for (number, line) in code_lines(&file.text) {
                for word in foreign.iter().filter(|word| line.contains(**word)) {
                    writeln!(faults, "{}:{number}: {word} has no place here", file.name).expect("a String");
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn files_and_functions_can_be_taken_in() {
    let mut faults = String::new();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > MAX_FILE_LINES {
            writeln!(faults, "{}: {lines} lines, {MAX_FILE_LINES} at most", file.name).expect("a String");
        }
        for function in functions(&file.text) {
            let excused = LONG_FUNCTIONS.contains(&(file.name.as_str(), function.name.as_str()));
            if function.lines > MAX_FUNCTION_LINES && !excused {
                let Function { name, line, lines } = function;
                writeln!(faults, "{}:{line}: {name} has {lines} lines, {MAX_FUNCTION_LINES} at most", file.name)
                    .expect("a String");
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn nothing_stray_lies_about() {
    let mut faults = String::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            for stray in STRAYS.iter().filter(|stray| line.contains(**stray)) {
                writeln!(faults, "{}:{}: {stray}", file.name, number + 1).expect("a String");
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_dependency_has_its_line_in_the_docs() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("Cargo.toml is TOML");
    let docs = read(&root().join("docs/dependencies.md"));
    let listed: Vec<&str> = docs.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let tables = ["dependencies", "dev-dependencies"].map(|section| manifest[section].as_table().expect("a table"));
    let needed: Vec<&str> = tables.into_iter().flat_map(|table| table.keys().map(String::as_str)).collect();
    let missing: Vec<_> = needed.iter().filter(|name| !listed.contains(*name)).collect();
    let surplus: Vec<_> = listed.iter().filter(|name| !needed.contains(*name)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:?}, in the docs only: {surplus:?}");
}

struct File {
    /// Path below the project's folder.
    name: String,
    text: String,
}

/// All Rust files of the project.
fn sources() -> Vec<File> {
    ["src", "tests", "benches", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .collect()
}

/// The files of a room, a folder or a single file.
fn files_of(room: &str) -> Vec<File> {
    let single = root().join("src").join(room).with_extension("rs");
    if single.exists() { vec![file(single)] } else { files_below(&root().join("src").join(room)) }
}

fn files_below(folder: &Path) -> Vec<File> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(file(path));
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn file(path: PathBuf) -> File {
    let name = path.strip_prefix(root()).expect("a path below the project").to_string_lossy().replace('\\', "/");
    File { name, text: read(&path) }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text without lines of comments.
fn code_of(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// Numbered lines without comments. A `use` that goes over several lines counts as one.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut in_use = false;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        if in_use && let Some((_, whole)) = lines.last_mut() {
            whole.push_str(line.trim_start());
        } else {
            in_use = line.trim_start().trim_start_matches("pub ").starts_with("use ");
            lines.push((index + 1, line.to_owned()));
        }
        in_use &= !line.contains(';');
    }
    lines
}

/// Rooms that a line names by `crate::room`, or in a list `crate::{room::…, room}`.
fn rooms_used(line: &str) -> Vec<&'static str> {
    let names = ROOMS.iter().map(|(room, _)| *room);
    let starts_with_room = |text: &str, room: &str| {
        text.strip_prefix(room).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let used = |room: &&str| {
        line.match_indices("crate::").any(|(at, mark)| {
            let path = &line[at + mark.len()..];
            match path.strip_prefix('{') {
                Some(list) => list.split([',', '{', '}']).any(|item| starts_with_room(item.trim(), room)),
                None => starts_with_room(path, room),
            }
        })
    };
    names.filter(|room| used(room)).collect()
}

struct Function {
    name: String,
    /// Where it begins, from 1.
    line: usize,
    lines: usize,
}

/// Functions by their indentation, as rustfmt lays them out: from the line with `fn` to the first closing brace that stands
/// as far left. Functions with a body of one line are left out.
fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        let body = lines[index..].iter().position(|line| *line == closing);
        let next = lines[index + 1..]
            .iter()
            .position(|line| function_name(line).is_some() && !line.starts_with(&" ".repeat(indent + 1)));
        if let Some(end) = body
            && next.is_none_or(|next| next + 1 > end)
        {
            functions.push(Function { name, line: index + 1, lines: end + 1 });
        }
    }
    functions
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.trim_start().split(' ');
    let before = words.by_ref().take_while(|word| *word != "fn");
    let qualifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
    if !before.into_iter().all(|word| qualifiers.contains(&word) || word.starts_with("pub(")) {
        return None;
    }
    let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn the_rules_find_what_they_look_for() {
    assert_eq!(rooms_used("use crate::engine::Execution;"), ["engine"]);
    assert_eq!(rooms_used("use crate::{asl::Definition, value::Heap};"), ["value", "asl"]);
    let (number, line) = &code_lines("// use crate::api;\nuse crate::{\n    asl,\n    cli::x,\n};\nx();")[0];
    assert_eq!((*number, rooms_used(line)), (2, vec!["asl", "cli"]));
    assert!(rooms_used("let engineering = crate::engineering::X;").is_empty());
    let text = format!(
        "impl X {{\n    pub fn long(&self) {{\n{}    }}\n\n    fn short() {{\n    }}\n}}\n",
        "        x();\n".repeat(70)
    );
    let found: Vec<_> =
        functions(&text).into_iter().map(|function| (function.name, function.line, function.lines)).collect();
    assert_eq!(found, [("long".to_owned(), 2, 72), ("short".to_owned(), 74 + 1, 2)]);
    assert_eq!(function_name("    pub(super) async fn name<T>(x: T) {").as_deref(), Some("name"));
    assert_eq!(function_name("let fn_like = a fn b"), None);
}
