//! Order events from samples: about 900 bytes each, all different, the same for the same seed.

use super::key_of;
use crate::cli::examples::ORDER_EVENTS;

/// What a sample's id begins with; the event's own number takes the place of what follows.
const ID: &str = "\"id\":\"ord-";

/// A source of events.
pub(in crate::cli) struct Orders {
    samples: Vec<Sample>,
    random: fastrand::Rng,
}

/// A sample, cut where its id is.
struct Sample {
    before: String,
    after: Option<String>,
}

impl Orders {
    /// Orders from the samples in `config/events`.
    pub(crate) fn new(seed: u64) -> Self {
        Self::from_lines(ORDER_EVENTS, seed)
    }

    /// Events from the lines of a text. Where one has an order's id, it becomes the event's own.
    pub(crate) fn from_lines(text: &str, seed: u64) -> Self {
        let samples = text.lines().filter(|line| !line.trim().is_empty()).map(Sample::cut).collect();
        Self { samples, random: fastrand::Rng::with_seed(seed) }
    }

    /// Writes the event of this number over `event`. Nothing, if there are no samples.
    pub(crate) fn write(&mut self, number: u64, event: &mut Vec<u8>) {
        event.clear();
        if self.samples.is_empty() {
            return;
        }
        let sample = &self.samples[self.random.usize(..self.samples.len())];
        event.extend_from_slice(sample.before.as_bytes());
        if let Some(after) = &sample.after {
            event.extend_from_slice(key_of(number).as_bytes());
            event.extend_from_slice(after.as_bytes());
        }
    }

    /// Bytes of an event, on average.
    pub(crate) fn average_bytes(&self) -> usize {
        let all: usize = self.samples.iter().map(Sample::bytes).sum();
        all / self.samples.len().max(1)
    }
}

impl Sample {
    fn cut(line: &str) -> Self {
        let Some(at) = line.find(ID) else { return Self { before: line.to_owned(), after: None } };
        let start = at + ID.len() - super::KEY_PREFIX.len();
        let digits = line[at + ID.len()..].bytes().take_while(u8::is_ascii_digit).count();
        Self { before: line[..start].to_owned(), after: Some(line[at + ID.len() + digits..].to_owned()) }
    }

    fn bytes(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, |after| after.len() + key_of(0).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(seed: u64) -> Vec<String> {
        let mut orders = Orders::new(seed);
        let mut event = Vec::new();
        (0..200)
            .map(|number| {
                orders.write(number, &mut event);
                String::from_utf8(event.clone()).expect("samples are UTF-8")
            })
            .collect()
    }

    #[test]
    fn events_are_json_of_about_900_bytes_with_their_own_id() {
        for (number, event) in (0..).zip(events(1)) {
            let value: serde_json::Value = serde_json::from_str(&event).expect("JSON");
            assert_eq!(value["id"], key_of(number));
            assert!((600..1200).contains(&event.len()), "{}", event.len());
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        assert_eq!(events(1), events(1));
        assert_ne!(events(1), events(2));
    }

    #[test]
    fn any_text_can_be_an_event() {
        let mut orders = Orders::from_lines("{\"a\":1}\n\n", 0);
        let mut event = Vec::new();
        orders.write(5, &mut event);
        assert_eq!(event, b"{\"a\":1}");
    }
}
