//! `config/workflows/router.asl.json`: a rule on type, tier and total gives the queue; the rest of the event stays.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    r#type: Text<'a>,
    tier: Text<'a>,
    customer: Customer<'a>,
    currency: Text<'a>,
    lines: Vec<Line<'a>>,
    shipping: Address<'a>,
    billing: Address<'a>,
    totals: Totals,
    total: f64,
    flags: Flags,
    channel: Text<'a>,
    coupon: Option<Text<'a>>,
    placed_at: Text<'a>,
    received_at: Text<'a>,
    schema: u32,
    #[serde(skip_deserializing)]
    route: Route,
}

/// Text of the event; a copy only where it has escapes.
#[derive(Deserialize, Serialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize, Serialize)]
struct Customer<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    email: Text<'a>,
    phone: Text<'a>,
    since: Text<'a>,
}

#[derive(Deserialize, Serialize)]
struct Line<'a> {
    #[serde(borrow)]
    sku: Text<'a>,
    qty: u32,
    price: f64,
    category: Text<'a>,
}

#[derive(Deserialize, Serialize)]
struct Address<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    street: Text<'a>,
    city: Text<'a>,
    zip: Text<'a>,
    country: Text<'a>,
}

#[derive(Deserialize, Serialize)]
struct Totals {
    subtotal: f64,
    shipping: f64,
    discount: f64,
}

#[derive(Deserialize, Serialize)]
struct Flags {
    express: bool,
    gift: bool,
    suspicious: bool,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    queue: &'static str,
    within_minutes: u32,
}

/// The event with its route.
pub fn run(event: &[u8], output: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut order: Order<'_> = serde_json::from_slice(event)?;
    let (queue, within_minutes) = match (&*order.r#type.0, &*order.tier.0) {
        ("order.cancelled", _) => ("cancellations", 15),
        ("order.placed", "gold") => ("priority", 30),
        ("order.placed", _) if order.total >= 1000.0 => ("review", 120),
        ("order.placed", "silver") if order.total >= 250.0 => ("priority", 30),
        ("order.placed", _) => ("standard", 240),
        _ => ("service-desk", 480),
    };
    order.route = Route { queue, within_minutes };
    serde_json::to_writer(output, &order)
}
