//! Order events that differ in all that the workflows look at, and in what a reader may trip over. The same in every run.

use fastrand::Rng;
use serde_json::{Value, json};

const SEED: u64 = 8;
/// Escapes, characters of several bytes, and none at all.
const NAMES: [&str; 6] = ["Ana Duarte", "Zoë \"Z\" O'Hara", "李 小龙", "back\\slash\tand tab", "😀 & <b>", ""];
/// On both sides of every limit of the rules.
const TOTALS: [f64; 10] = [0.0, 19.99, 249.99, 250.0, 250.5, 999.99, 1000.0, 2500.0, 2500.01, 123456.75];

/// So many events, each on a line of its own.
pub fn varied(count: usize) -> Vec<String> {
    let mut random = Rng::with_seed(SEED);
    (0..count).map(|number| order(number, &mut random).to_string()).collect()
}

fn order(number: usize, random: &mut Rng) -> Value {
    let lines: Vec<Value> = (0..random.usize(..8)).map(|_| line(random)).collect();
    let total = random.choice(TOTALS).unwrap_or_default();
    json!({
        "id": format!("ord-{number}"),
        "type": random.choice(["order.placed", "order.placed", "order.placed", "order.cancelled", "order.changed"]),
        "tier": random.choice(["gold", "silver", "standard"]),
        "customer": {
            "id": format!("cus-{}", random.u16(..)),
            "name": random.choice(NAMES),
            "email": format!("customer.{number}@example.com"),
            "phone": "+49 40 653 8804",
            "since": "2020-11-28",
        },
        "currency": random.choice(["EUR", "USD"]),
        "lines": lines,
        "shipping": address(random),
        "billing": address(random),
        "totals": {"subtotal": total, "shipping": 4.9, "discount": random.choice([0.0, 12.5])},
        "total": total,
        "flags": {"express": random.bool(), "gift": random.bool(), "suspicious": random.u8(..8) == 0},
        "channel": random.choice(["web", "app", "partner"]),
        "coupon": random.choice([None, Some("WINTER10")]),
        "placedAt": "2026-11-09T17:14:12.467Z",
        "receivedAt": "2026-11-09T17:14:12.843Z",
        "schema": 3,
    })
}

fn line(random: &mut Rng) -> Value {
    json!({
        "sku": format!("SKU-{}", random.u16(..)),
        "qty": random.u8(1..9),
        "price": f64::from(random.u32(1..100_000)) / 100.0,
        "category": random.choice(["books", "food", "giftcard", "electronics", "clothing"]),
    })
}

fn address(random: &mut Rng) -> Value {
    json!({
        "name": random.choice(NAMES),
        "street": random.choice(["Hafenstraße 12", "Praça da Sé 2", "1 Main St."]),
        "city": random.choice(["Hamburg", "Braga", "Springfield"]),
        "zip": "20457",
        "country": random.choice(["DE", "PT", "US"]),
    })
}
