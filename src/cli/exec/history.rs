//! The events of an execution for people: when, what, where, and the data that came and went.

use crate::engine::{Detail, Event};
use crate::visible::visible;

/// Characters that are shown of one datum.
const SHOWN: usize = 500;

/// One event after the other, each with its details below it. Times count from the first event.
pub(super) fn text(events: &[Event]) -> String {
    let began = events.first().map_or(0, |event| event.timestamp.0);
    let mut shown = String::new();
    for event in events {
        let seconds = event.timestamp.0.saturating_sub(began) as f64 / 1000.0;
        let line = format!("{:>5} {seconds:>9.3} s  {:<26} {}", event.id, event.kind, visible(&subject(event)));
        shown.push_str(line.trim_end());
        shown.push('\n');
        for (key, detail) in event.details.iter().filter(|(key, _)| !SUBJECTS.contains(key) && !SAME.contains(key)) {
            details(&mut shown, key, detail);
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
        Detail::Text(text) | Detail::Data(text) | Detail::Role(text) => line(shown, key, text),
        Detail::Number(number) => line(shown, key, &number.to_string()),
        Detail::Variables(variables) => {
            variables.iter().for_each(|(name, value)| line(shown, "assigned", &format!("{name} = {value}")));
        }
    }
}

fn line(shown: &mut String, key: &str, value: &str) {
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
