//! `config/workflows/router.asl.json`: a rule on type, tier and total gives the queue; the rest of the event stays as it came.

use std::borrow::Cow;
use std::io::Write;

use serde::Deserialize;
use serde::de::{Error, IgnoredAny};

/// What the rules look at. The rest is only checked.
#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    tier: Cow<'a, str>,
    total: f64,
    route: Option<IgnoredAny>,
}

/// The event with its route, which goes in front of the closing brace.
pub fn run(event: &[u8], output: &mut Vec<u8>) -> serde_json::Result<()> {
    let order: Order<'_> = serde_json::from_slice(event)?;
    if order.route.is_some() {
        return Err(serde_json::Error::custom("the order has a route already"));
    }
    let (queue, minutes) = match (&*order.r#type, &*order.tier) {
        ("order.cancelled", _) => ("cancellations", 15),
        ("order.placed", "gold") => ("priority", 30),
        ("order.placed", _) if order.total >= 1000.0 => ("review", 120),
        ("order.placed", "silver") if order.total >= 250.0 => ("priority", 30),
        ("order.placed", _) => ("standard", 240),
        _ => ("service-desk", 480),
    };
    let event = event.trim_ascii_end();
    output.extend_from_slice(&event[..event.len() - 1]);
    write!(output, r#","route":{{"queue":"{queue}","withinMinutes":{minutes}}}}}"#).map_err(Error::custom)
}
