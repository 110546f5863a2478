//! What is printed of a run.

use serde_json::{Value, json};

use super::{Args, Measured};
use crate::cli::bench::machine;

/// The table, or the report as JSON.
pub(super) fn answer(args: &Args, measured: &Measured) -> String {
    if args.json { format!("{:#}\n", report(args, measured)) } else { table(args, measured) }
}

fn report(args: &Args, measured: &Measured) -> Value {
    let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let per_second = measured.pipeline.per_second();
    json!({
        "benchmark": "kafka",
        "version": env!("CARGO_PKG_VERSION"),
        "librdkafka": librdkafka,
        "machine": machine::describe(),
        "workload": {
            "workflow": measured.workflow,
            "events": args.events,
            "mean_event_bytes": measured.mean_event_bytes,
            "partitions": args.partitions,
            "shards": args.shards,
            "properties": args.property,
            "latency_rate": args.rate,
            "latency_seconds": args.latency_seconds,
        },
        "executions_per_second": per_second.round(),
        "events_per_second_per_core": (per_second / cores as f64).round(),
        "pass_through_per_second": measured.pass_through.per_second().round(),
        "ratio_to_pass_through": measured.pass_through.per_second() / per_second,
        "cpu_ns_per_execution": measured.pipeline.cpu_ns(),
        "cpu_ns_per_pass_through": measured.pass_through.cpu_ns(),
        "latency_ms": {
            "p50": millis(measured, 0.5),
            "p90": millis(measured, 0.9),
            "p99": millis(measured, 0.99),
            "p999": millis(measured, 0.999),
        },
        "lost": measured.lost,
        "duplicates": measured.duplicates,
        "not_succeeded": measured.not_succeeded,
        "peak_memory_bytes": machine::peak_memory_bytes(),
    })
}

fn table(args: &Args, measured: &Measured) -> String {
    let micros = |ns: Option<f64>| ns.map_or("-".to_owned(), |ns| format!("{:.2} µs", ns / 1000.0));
    let (pipeline, pass_through) = (&measured.pipeline, &measured.pass_through);
    let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|quantile| millis(measured, quantile));
    let lines = [
        format!("workflow              {}", measured.workflow),
        format!("events                {} of {} bytes on average", args.events, measured.mean_event_bytes),
        format!(
            "executions            {:>12.0} /s end to end, {} CPU each",
            pipeline.per_second(),
            micros(pipeline.cpu_ns())
        ),
        format!(
            "pass-through          {:>12.0} /s, {} CPU each",
            pass_through.per_second(),
            micros(pass_through.cpu_ns())
        ),
        format!(
            "ratio to pass-through {:>12.2} (time of an execution over time of a copied record)",
            pass_through.per_second() / pipeline.per_second()
        ),
        format!(
            "latency at {:>6}/s    p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms",
            args.rate
        ),
        format!("lost                  {:>12}", measured.lost),
        format!("duplicates            {:>12}", measured.duplicates),
        format!("not succeeded         {:>12}", measured.not_succeeded),
        format!("peak memory           {:>12.1} MiB", machine::peak_memory_bytes() as f64 / f64::from(1 << 20)),
    ];
    lines.join("\n") + "\n"
}

fn millis(measured: &Measured, quantile: f64) -> f64 {
    measured.latency.value_at_quantile(quantile) as f64 / 1000.0
}
