//! `config/workflows/order.asl.json`: an event becomes an answer that is accepted, on hold or cancelled.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What is read of an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    tier: Cow<'a, str>,
    #[serde(borrow)]
    customer: Customer<'a>,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    #[serde(borrow)]
    shipping: Address<'a>,
    #[serde(borrow)]
    billing: Address<'a>,
    total: f64,
    flags: Flags,
    #[serde(borrow)]
    placed_at: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    email: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    sku: Cow<'a, str>,
    qty: u32,
    price: f64,
    #[serde(borrow)]
    category: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
struct Address<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    street: Cow<'a, str>,
    #[serde(borrow)]
    city: Cow<'a, str>,
    #[serde(borrow)]
    zip: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Flags {
    express: bool,
    suspicious: bool,
}

/// What is not there depends on the status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    order_id: &'a str,
    status: &'static str,
    reference: String,
    customer: AnswerCustomer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placed_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment: Option<Shipment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Invoice<'a>>,
}

#[derive(Serialize)]
struct AnswerCustomer<'a> {
    id: &'a str,
    email: &'a str,
    tier: &'a str,
}

#[derive(Serialize)]
struct Shipment<'a> {
    id: String,
    to: &'a Address<'a>,
    express: bool,
    skus: Vec<&'a str>,
}

#[derive(Serialize)]
struct Invoice<'a> {
    id: String,
    to: &'a Address<'a>,
    amount: f64,
    currency: &'a str,
    lines: Vec<TaxedLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaxedLine<'a> {
    line_id: String,
    sku: &'a str,
    qty: u32,
    price: f64,
    tax: Tax,
}

#[derive(Serialize)]
struct Tax {
    class: &'static str,
    rate: f64,
}

/// The answer to the event.
pub fn run(event: &[u8], output: &mut Vec<u8>) -> serde_json::Result<()> {
    let order: Order<'_> = serde_json::from_slice(event)?;
    let mut answer = Answer {
        order_id: &order.id,
        status: "CANCELLED",
        reference: format!("{}/{}", order.customer.id, order.id),
        customer: AnswerCustomer { id: &order.customer.id, email: &order.customer.email, tier: &order.tier },
        total: None,
        placed_at: None,
        shipment: None,
        invoice: None,
    };
    if order.r#type == "order.cancelled" {
        // Nothing else is to be said.
    } else if is_doubtful(&order) {
        answer.status = "ON_HOLD";
        answer.total = Some(order.total);
    } else {
        answer.status = "ACCEPTED";
        answer.placed_at = Some(&order.placed_at);
        answer.shipment = Some(shipment(&order));
        answer.invoice = Some(invoice(&order));
    }
    serde_json::to_writer(output, &answer)
}

/// A person decides.
fn is_doubtful(order: &Order<'_>) -> bool {
    order.flags.suspicious || (order.tier == "standard" && order.total > 2500.0) || order.lines.is_empty()
}

fn shipment<'a>(order: &'a Order<'_>) -> Shipment<'a> {
    Shipment {
        id: format!("SHP-{}", order.id),
        to: &order.shipping,
        express: order.flags.express,
        skus: order.lines.iter().map(|line| &*line.sku).collect(),
    }
}

fn invoice<'a>(order: &'a Order<'_>) -> Invoice<'a> {
    let taxed = order.lines.iter().enumerate().map(|(index, line)| TaxedLine {
        line_id: format!("{}-{index}", order.id),
        sku: &line.sku,
        qty: line.qty,
        price: line.price,
        tax: tax(&line.category),
    });
    Invoice {
        id: format!("INV-{}", order.id),
        to: &order.billing,
        amount: order.total,
        currency: &order.currency,
        lines: taxed.collect(),
    }
}

fn tax(category: &str) -> Tax {
    match category {
        "books" | "food" => Tax { class: "reduced", rate: 0.07 },
        "giftcard" => Tax { class: "exempt", rate: 0.0 },
        _ => Tax { class: "full", rate: 0.19 },
    }
}
