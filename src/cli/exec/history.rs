//! The events of an execution for people: when, what, where, and the data that came and went.

use crate::engine::{Detail, Event};
use crate::visible::visible;

/// Characters that are shown of one datum.
const SHOWN: usize = 500;

/// Bytes of a datum that is shown again although it is the same.
const REPEATED: usize = 60;

/// One event after the other, each with its details below it. Times count from the first event.
pub(super) fn text(events: &[Event]) -> String {
    let began = events.first().map_or(0, |event| event.timestamp.0);
    let mut shown = String::new();
    let mut before = "";
    for event in events {
        let seconds = event.timestamp.0.saturating_sub(began) as f64 / 1000.0;
        let line = format!("{:>5} {seconds:>9.3} s  {:<26} {}", event.id, event.kind, visible(&subject(event)));
        shown.push_str(line.trim_end());
        shown.push('\n');
        for (key, detail) in event.details.iter().filter(|(key, _)| !SUBJECTS.contains(key) && !SAME.contains(key)) {
            match detail {
                // The output of a state is mostly the input of the next one.
                Detail::Data(data) if data == before && data.len() > REPEATED => push(&mut shown, key, "(the same)"),
                _ => details(&mut shown, key, detail),
            }
            if let Detail::Data(data) = detail {
                before = data;
            }
        }
    }
    shown
}

/// Details that say what an event is about.
const SUBJECTS: [&str; 4] = ["name", "state", "index", "location"];

/// Details that are the same in each execution on the command line.
const SAME: [&str; 2] = ["roleArn", "region"];

/// What an event is about: the state, the iteration, the field.
fn subject(event: &Event) -> String {
    let shown =
        SUBJECTS.into_iter().filter_map(|wanted| match event.details.iter().find(|(key, _)| *key == wanted)? {
            (_, Detail::Text(text)) => Some(text.clone()),
            (_, Detail::Number(index)) => Some(format!("[{index}]")),
            _ => None,
        });
    shown.collect::<Vec<_>>().join(" ")
}

fn details(shown: &mut String, key: &str, detail: &Detail) {
    match detail {
        Detail::Text(text) | Detail::Data(text) | Detail::Role(text) => push(shown, key, text),
        Detail::Number(number) => push(shown, key, &number.to_string()),
        Detail::Variables(variables) => {
            variables.iter().for_each(|(name, value)| push(shown, "assigned", &format!("{name} = {value}")));
        }
    }
}

fn push(shown: &mut String, key: &str, value: &str) {
    let value = visible(value);
    let cut = match value.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let more = value[end..].chars().count();
            format!("{}… and {more} more characters: --json has all", &value[..end])
        }
        None => value.into_owned(),
    };
    shown.push_str(&format!("{:>19}{key:<10} {cut}\n", ""));
}
