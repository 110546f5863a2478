use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Registry;
use crate::telemetry::events;
use crate::threads;

/// A folder has to be quiet for so long before its files are read: editors and deployments write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// A folder that is never quiet is read after so long all the same.
const MAX_DEBOUNCE: Duration = Duration::from_secs(2);

/// How often files are read although nothing reported a change: network file systems don't report any, and a folder that was
/// replaced as a whole tells no more.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Reloads workflows when their files change, until it is dropped.
///
/// Folders are watched, not files: editors and deployments put a new file in the place of the old one. Whatever happens in a
/// folder, the text of each workflow in it decides whether anything changed.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    /// Like the watcher's, an end of the channel: when both are gone the thread ends.
    changes: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the files of all workflows that the registry has now. A folder that the system can't watch is logged;
    /// its files are read every ten seconds, like all.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn start<P: Send + Sync + 'static>(registry: Arc<Registry<P>>) -> io::Result<Self> {
        Self::start_with(registry, POLL_INTERVAL)
    }

    pub(super) fn start_with<P: Send + Sync + 'static>(registry: Arc<Registry<P>>, poll: Duration) -> io::Result<Self> {
        let (changes, changed) = channel();
        let workflows = registry.all();
        let files = workflows.iter().map(|workflow| workflow.file());
        let folders: BTreeSet<PathBuf> = files.flat_map(folders_of).collect();
        let watcher = watcher(&folders, changes.clone())?;
        let follow = move || follow(&registry, &changed, poll);
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(follow)?;
        Ok(Self { watcher, changes: Some(changes), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watcher = None;
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// The folder that the file stands in, and that of the file behind it where it is a link.
fn folders_of(file: &Path) -> impl Iterator<Item = PathBuf> {
    let linked = fs::canonicalize(file).ok().map(|file| folder_of(&file));
    std::iter::once(folder_of(file)).chain(linked)
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn watcher(folders: &BTreeSet<PathBuf>, changes: Sender<()>) -> io::Result<Option<RecommendedWatcher>> {
    let on_event = move |event: notify::Result<notify::Event>| {
        // An error may mean that events were lost: look. Reading a file is an event as well, which must not wake us.
        let is_change = event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_)));
        if is_change {
            // The other end is gone only while the watch is being dropped.
            let _ = changes.send(());
        }
    };
    // The watcher makes a thread and passes over that it got none, until it is asked for something: then it panics, and once
    // more when it is dropped.
    threads::can_have(1)?;
    let mut watcher = match notify::recommended_watcher(on_event) {
        Ok(watcher) => ManuallyDrop::new(watcher),
        Err(error) => {
            folders.iter().for_each(|folder| events::watch_failed(folder, &error));
            return Ok(None);
        }
    };
    let watch = AssertUnwindSafe(|| {
        for folder in folders {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                events::watch_failed(folder, &error);
            }
        }
    });
    if catch_unwind(watch).is_err() {
        return Err(io::Error::other("the thread of the watcher could not be made"));
    }
    Ok(Some(ManuallyDrop::into_inner(watcher)))
}

fn follow<P>(registry: &Registry<P>, changes: &Receiver<()>, poll: Duration) {
    loop {
        match changes.recv_timeout(poll) {
            Ok(()) if !settle(changes) => return,
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // A file that would be refused may be half written: it gets one more wait before it is reported.
        if registry.all().iter().any(|workflow| registry.would_refuse(workflow)) && !settle(changes) {
            return;
        }
        registry.reload_all();
    }
}

/// Waits until nothing changes for a while; `false`: the watch has ended.
fn settle(changes: &Receiver<()>) -> bool {
    let deadline = Instant::now() + MAX_DEBOUNCE;
    while Instant::now() < deadline {
        match changes.recv_timeout(DEBOUNCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
