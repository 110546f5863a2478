//! Gives all peers the same events, compares what they make of them, and measures their processes from outside.
//!
//! `scripts/peers` says in which order; each command says in [`USAGE`] what it does.

mod equal;
mod events;
mod process;
mod topics;

use std::env;
use std::error::Error;
use std::fs;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage:
  peer-driver events COUNT                              print varied order events, one in a line
  peer-driver equal EXPECTED ACTUAL                     whether two files hold equal JSON line by line, numbers by value
  peer-driver load BROKERS TOPIC FILE COUNT             make a topic with COUNT events, the lines of FILE again and again
  peer-driver drop BROKERS TOPIC                        delete a topic
  peer-driver outputs BROKERS SINK COUNT COMMAND...     make the topic SINK, run a client until it has written COUNT results
                                                        there, print them in the order of their events, delete the topic
  peer-driver measure BROKERS SINK COUNT WARM-UP SECONDS COMMAND...
                                                        run a client that has COUNT events to read for WARM-UP seconds, or
                                                        until half of the results are there; then measure it for SECONDS,
                                                        or until all are there; prints microseconds of CPU for each event,
                                                        and events per second";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["events", count] => events::varied(count.parse()?).iter().for_each(|event| println!("{event}")),
        ["equal", expected, actual] => equal::lines(&fs::read_to_string(expected)?, &fs::read_to_string(actual)?)?,
        ["load", brokers, topic, file, count] => {
            topics::create(brokers, topic)?;
            topics::load(brokers, topic, &fs::read_to_string(file)?, count.parse()?)?;
        }
        ["drop", brokers, topic] => topics::delete(brokers, topic)?,
        ["outputs", brokers, sink, count, ref command @ ..] => {
            let outputs = process::outputs(brokers, sink, count.parse()?, command)?;
            outputs.iter().for_each(|output| println!("{output}"));
        }
        ["measure", brokers, sink, count, warm_up, seconds, ref command @ ..] => {
            let [warm_up, seconds] = [warm_up, seconds].map(|text| text.parse().map(Duration::from_secs_f64));
            let figures = process::measure(brokers, sink, count.parse()?, warm_up?, seconds?, command)?;
            println!("{:.3} {:.0}", figures.micros_per_event, figures.events_per_second);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
