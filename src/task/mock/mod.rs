//! The mock file of Step Functions Local: what tasks answer in a test case, by state name and call number.
//!
//! Reading checks the whole file, so that a slip in a test case that is not run shows up as well.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{Answer, TaskFailure};

/// A mock file, read and checked.
#[derive(Debug, Clone)]
pub struct MockFile {
    machines: HashMap<String, HashMap<String, Case>>,
}

/// State name -> its response.
type Case = HashMap<String, Arc<Response>>;

/// Why a mock file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MockFileError {
    /// The file can't be read.
    #[error("can't read the mock file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("the mock file {} is not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// The JSON has not the shape of a mock file.
    #[error("the mock file {} can't be used: at {pointer}: {problem}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// JSON pointer to the place.
        pointer: String,
        /// What is wrong, and what is expected.
        problem: String,
    },
}

/// A test case that a mock file does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MockCaseError {
    /// No such machine.
    #[error("the mock file has no state machine {machine:?}; it has {}", list(known))]
    Machine {
        /// The name asked for.
        machine: String,
        /// Those that are there, sorted.
        known: Vec<String>,
    },
    /// No such test case.
    #[error("state machine {machine:?} of the mock file has no test case {case:?}; it has {}", list(known))]
    Case {
        /// The machine.
        machine: String,
        /// The name asked for.
        case: String,
        /// Those that are there, sorted.
        known: Vec<String>,
    },
}

impl MockFile {
    /// Reads and checks a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MockFileError> {
        let path = path.as_ref();
        let text = std::fs::read(path).map_err(|source| MockFileError::Read { path: path.to_owned(), source })?;
        Self::read(&text, path)
    }

    /// Checks text that was read from `path`, which is only used in messages.
    pub fn read(text: &[u8], path: &Path) -> Result<Self, MockFileError> {
        let root: Value =
            serde_json::from_slice(text).map_err(|source| MockFileError::Json { path: path.to_owned(), source })?;
        read_root(&root).map_err(|ShapeError { pointer, problem }| MockFileError::Shape {
            path: path.to_owned(),
            pointer: if pointer.is_empty() { "the top".to_owned() } else { pointer },
            problem,
        })
    }

    /// The answers of one test case of one machine, with all call counters at zero: one per execution.
    pub fn test_case(&self, machine: &str, case: &str) -> Result<MockCase, MockCaseError> {
        let cases = self.machines.get(machine).ok_or_else(|| MockCaseError::Machine {
            machine: machine.to_owned(),
            known: sorted_keys(&self.machines),
        })?;
        let states = cases.get(case).ok_or_else(|| MockCaseError::Case {
            machine: machine.to_owned(),
            case: case.to_owned(),
            known: sorted_keys(cases),
        })?;
        let states =
            states.iter().map(|(state, response)| (state.clone(), State { response: Arc::clone(response), calls: 0 }));
        Ok(MockCase { case: case.to_owned(), states: states.collect() })
    }
}

/// What the tasks of one execution answer in a test case.
#[derive(Debug, Clone)]
pub struct MockCase {
    case: String,
    states: HashMap<String, State>,
}

#[derive(Debug, Clone)]
struct State {
    response: Arc<Response>,
    calls: u64,
}

impl MockCase {
    /// The answer to the next call of a state's task, every attempt counting. `None` if the test case does not mock the
    /// state; a call number without entry fails with `States.Runtime`.
    pub fn answer(&mut self, state: &str) -> Option<Answer> {
        let mocked = self.states.get_mut(state)?;
        let call = mocked.calls;
        mocked.calls += 1;
        Some(mocked.response.answer(call).unwrap_or_else(|| {
            let response = &mocked.response;
            Err(TaskFailure::new(
                "States.Runtime",
                format!(
                    "Test case '{}' has no answer to call {call} of the state '{state}': \
                     the mocked response '{}' has entries for {}.",
                    self.case, response.name, response
                ),
            ))
        }))
    }
}

/// A mocked response: answers by ranges of call numbers, in rising order, without overlap.
#[derive(Debug)]
struct Response {
    name: String,
    answers: Vec<(CallRange, Answer)>,
}

impl Response {
    fn answer(&self, call: u64) -> Option<Answer> {
        let after = self.answers.partition_point(|(range, _)| range.first <= call);
        let (range, answer) = self.answers.get(after.checked_sub(1)?)?;
        (call <= range.last).then(|| answer.clone())
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.answers.is_empty() {
            return f.write_str("no call");
        }
        for (at, (range, _)) in self.answers.iter().enumerate() {
            write!(f, "{}{range}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Call numbers from 0, both ends included: `3` or `1-2` in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallRange {
    first: u64,
    last: u64,
}

impl CallRange {
    fn parse(key: &str) -> Option<Self> {
        let number = |text: &str| {
            // `u64` would also take a sign.
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (first, last) = match key.split_once('-') {
            Some((first, last)) => (number(first.trim())?, number(last.trim())?),
            None => {
                let only = number(key.trim())?;
                (only, only)
            }
        };
        (first <= last).then_some(CallRange { first, last })
    }
}

impl fmt::Display for CallRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Something wrong in the file, and where.
struct ShapeError {
    pointer: String,
    problem: String,
}

impl ShapeError {
    fn new(pointer: &str, problem: impl Into<String>) -> Self {
        ShapeError { pointer: pointer.to_owned(), problem: problem.into() }
    }
}

fn read_root(root: &Value) -> Result<MockFile, ShapeError> {
    let root = object(root, "")?;
    let mut responses = HashMap::new();
    if let Some(mocked) = root.get("MockedResponses") {
        for (name, value) in object(mocked, "/MockedResponses")? {
            let pointer = below("/MockedResponses", name);
            responses.insert(name.as_str(), Arc::new(read_response(name, value, &pointer)?));
        }
    }
    let machines = root.get("StateMachines").ok_or_else(|| ShapeError::new("", "\"StateMachines\" is missing"))?;
    let mut read = HashMap::new();
    for (name, machine) in object(machines, "/StateMachines")? {
        let pointer = below("/StateMachines", name);
        let cases = object(machine, &pointer)?
            .get("TestCases")
            .ok_or_else(|| ShapeError::new(&pointer, "\"TestCases\" is missing"))?;
        read.insert(name.clone(), read_cases(cases, &below(&pointer, "TestCases"), &responses)?);
    }
    Ok(MockFile { machines: read })
}

fn read_cases(
    cases: &Value,
    pointer: &str,
    responses: &HashMap<&str, Arc<Response>>,
) -> Result<HashMap<String, Case>, ShapeError> {
    let mut read = HashMap::new();
    for (name, states) in object(cases, pointer)? {
        let pointer = below(pointer, name);
        let mut case = Case::new();
        for (state, response) in object(states, &pointer)? {
            let pointer = below(&pointer, state);
            let response = response
                .as_str()
                .ok_or_else(|| ShapeError::new(&pointer, "expected the name of a mocked response, a string"))?;
            let response = responses.get(response).ok_or_else(|| {
                ShapeError::new(
                    &pointer,
                    format!("\"MockedResponses\" has no {response:?}; add it or correct the name"),
                )
            })?;
            case.insert(state.clone(), Arc::clone(response));
        }
        read.insert(name.clone(), case);
    }
    Ok(read)
}

fn read_response(name: &str, value: &Value, pointer: &str) -> Result<Response, ShapeError> {
    let mut answers: Vec<(CallRange, Answer)> = Vec::new();
    for (key, entry) in object(value, pointer)? {
        let pointer = below(pointer, key);
        let range = CallRange::parse(key).ok_or_else(|| {
            ShapeError::new(
                &pointer,
                format!("{key:?} is no call number: write a number from 0 such as \"0\", or a range such as \"1-2\""),
            )
        })?;
        answers.push((range, read_answer(entry, &pointer)?));
    }
    answers.sort_by_key(|(range, _)| range.first);
    for pair in answers.windows(2) {
        let (earlier, later) = (pair[0].0, pair[1].0);
        if later.first <= earlier.last {
            return Err(ShapeError::new(pointer, format!("the calls \"{earlier}\" and \"{later}\" overlap")));
        }
    }
    Ok(Response { name: name.to_owned(), answers })
}

fn read_answer(entry: &Value, pointer: &str) -> Result<Answer, ShapeError> {
    let entry = object(entry, pointer)?;
    if let Some(unknown) = entry.keys().find(|key| !matches!(key.as_str(), "Return" | "Throw")) {
        return Err(ShapeError::new(
            pointer,
            format!("{unknown:?} is not known here; expected \"Return\" or \"Throw\""),
        ));
    }
    match (entry.get("Return"), entry.get("Throw")) {
        (Some(result), None) => Ok(Ok(result.to_string().into_bytes())),
        (None, Some(thrown)) => Ok(Err(read_throw(thrown, &below(pointer, "Throw"))?)),
        (Some(_), Some(_)) => Err(ShapeError::new(pointer, "it has both \"Return\" and \"Throw\"; leave one")),
        (None, None) => Err(ShapeError::new(pointer, "expected either \"Return\" or \"Throw\"")),
    }
}

fn read_throw(thrown: &Value, pointer: &str) -> Result<TaskFailure, ShapeError> {
    let thrown = object(thrown, pointer)?;
    if let Some(unknown) = thrown.keys().find(|key| !matches!(key.as_str(), "Error" | "Cause")) {
        return Err(ShapeError::new(
            pointer,
            format!("{unknown:?} is not known here; expected \"Error\" and \"Cause\""),
        ));
    }
    let text = |name: &str| match thrown.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ShapeError::new(&below(pointer, name), "expected a string")),
    };
    Ok(TaskFailure { error: text("Error")?, cause: text("Cause")?, ..TaskFailure::default() })
}

fn object<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>, ShapeError> {
    value.as_object().ok_or_else(|| ShapeError::new(pointer, "expected an object"))
}

/// The JSON pointer to a member.
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn sorted_keys<T>(map: &HashMap<String, T>) -> Vec<String> {
    let mut keys: Vec<String> = map.keys().cloned().collect();
    keys.sort();
    keys
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
