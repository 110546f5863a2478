//! `run --check --connect`: what brokers and endpoints say, before anything is deployed.

use std::thread;
use std::time::Duration;

use crate::config::{Draft, Findings, Mistake};
use crate::stream;
use crate::task::Connectors;

/// Time that brokers and endpoints get to answer, all side by side.
const PATIENCE: Duration = Duration::from_secs(10);
/// When it is over, those who keep to it themselves have said so.
const GRACE: Duration = Duration::from_secs(1);

/// Asks all brokers and endpoints, and adds what they say to the draft. What was not asked is returned, a line each.
pub(in crate::cli) fn connect(draft: &mut Draft, connectors: &Connectors) -> Vec<String> {
    let pipelines = &draft.config.pipelines;
    let found: Vec<Findings> = thread::scope(|scope| {
        let mut asking = Vec::new();
        for pipeline in pipelines {
            let ask = move || stream::ask(pipeline, PATIENCE);
            asking.push(thread::Builder::new().name(format!("ask-{}", pipeline.name)).spawn_scoped(scope, ask));
        }
        let endpoints = thread::Builder::new().name("ask-endpoints".to_owned());
        asking.push(endpoints.spawn_scoped(scope, || ask_endpoints(connectors)));
        // A thread that panics has said why; the others go on.
        asking
            .into_iter()
            .map(|thread| thread.map_or_else(not_asked, |thread| thread.join().unwrap_or_default()))
            .collect()
    });
    let mut notes = Vec::new();
    for mut findings in found {
        notes.append(&mut findings.notes);
        // One at a time: what several are told of the same brokers is one mistake.
        std::mem::take(&mut findings.mistakes).into_iter().for_each(|mistake| draft.add(mistake));
        draft.append(findings);
    }
    notes.sort();
    notes.dedup();
    notes
}

fn not_asked(error: std::io::Error) -> Findings {
    let mut findings = Findings::default();
    findings.notes.push(format!("not asked: the operating system gives no thread: {error}"));
    findings
}

/// Asks the other sides of all connectors, side by side.
fn ask_endpoints(connectors: &Connectors) -> Findings {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return not_asked(error),
    };
    let mut findings = Findings::default();
    runtime.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for entry in connectors.entries() {
            let Some(place) = entry.address.clone() else { continue };
            let connector = entry.connector.clone();
            asking.spawn(async move {
                match tokio::time::timeout(PATIENCE + GRACE, connector.ask(&place, PATIENCE)).await {
                    Ok(findings) => findings,
                    Err(_) => {
                        let mut findings = Findings::default();
                        let message = format!("the other side does not answer within {PATIENCE:?}");
                        let hint = "check that it runs, and that nothing on the way drops what this host sends";
                        findings.mistakes.push(Mistake::new(&place, message, Some(hint.to_owned())));
                        findings
                    }
                }
            });
        }
        while let Some(found) = asking.join_next().await {
            findings.append(found.unwrap_or_default());
        }
    });
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    findings
}
