//! From reader to workers to ordered writing.
//!
//! One thread cuts the input into chunks, workers run the events of a chunk, and the calling thread writes the results
//! in the order of the input. What is under way is bounded: a chunk is only read when a permit is free, and its permit
//! comes back when its results are written.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam::channel::{Receiver, Sender, bounded};

use super::lines::{Chunk, Chunks};

/// Chunks under way per worker: one in work, one waiting for it, and some that wait for a slower one before them.
const CHUNKS_PER_WORKER: usize = 4;

/// Runs the events of chunks, on one thread.
pub(super) trait Worker {
    /// What comes of a chunk.
    type Results: Send + 'static;

    /// Runs the events of a chunk.
    fn work(&mut self, chunk: Chunk) -> Self::Results;
}

/// Takes what comes of the chunks, in the order of the input.
pub(super) trait Sink<Results> {
    /// Takes the results of one chunk. `input_bytes` is how much of the input is done with it. An error ends the flow.
    fn write(&mut self, results: Results, input_bytes: u64) -> io::Result<()>;

    /// Says that nothing may come for a while: what is held back should be passed on.
    fn pause(&mut self) -> io::Result<()>;
}

/// Why a flow ended before the end of its input.
#[derive(Debug, thiserror::Error)]
pub(super) enum FlowError {
    #[error("can't read the input: {0}")]
    Read(io::Error),
    #[error("can't write the results: {0}")]
    Write(io::Error),
    #[error("can't start a worker: {0}")]
    Start(io::Error),
    #[error("a worker thread ended by a panic; its message is above")]
    Panic,
}

/// Results of a chunk; `Err` when a worker has ended over it.
type ChunkResult<T> = Result<Numbered<T>, FlowError>;

struct Numbered<T> {
    number: u64,
    input_bytes: u64,
    content: T,
}

/// Runs all of `input` through `threads` workers that `make_worker` makes on their threads. When it returns, all that
/// was read has been written, except after a fault of writing or of a worker; the reading thread may then still wait
/// for input.
pub(super) fn run<R, W, S>(
    input: R,
    max_line_bytes: usize,
    threads: usize,
    make_worker: impl Fn() -> io::Result<W> + Clone + Send + 'static,
    sink: &mut S,
) -> Result<(), FlowError>
where
    R: Read + Send + 'static,
    W: Worker,
    S: Sink<W::Results>,
{
    let under_way = threads * CHUNKS_PER_WORKER;
    let (permits_back, permits) = bounded(under_way);
    for _ in 0..under_way {
        // The channel has room for all permits, and its other end is in hand.
        let _ = permits_back.send(());
    }
    let (chunks_in, chunks) = bounded(under_way);
    let (results_in, results) = bounded(under_way);
    let read = move || read(Chunks::new(input, max_line_bytes), &permits, &chunks_in);
    let reader = thread::Builder::new().spawn(read).map_err(FlowError::Start)?;
    for _ in 0..threads {
        let (chunks, results_in, make_worker) = (chunks.clone(), results_in.clone(), make_worker.clone());
        let work = move || work(make_worker, &chunks, &results_in);
        thread::Builder::new().spawn(work).map_err(FlowError::Start)?;
    }
    drop((chunks, results_in));

    write(&results, &permits_back, sink)?;
    // The workers have ended since there are no more chunks, so the reader has ended too.
    reader.join().map_err(|_| FlowError::Panic)?.map_err(FlowError::Read)
}

fn read<R: Read>(mut chunks: Chunks<R>, permits: &Receiver<()>, out: &Sender<Numbered<Chunk>>) -> io::Result<()> {
    for number in 0.. {
        let Some(chunk) = chunks.next()? else { break };
        // The other ends are gone when writing has failed: there is nobody to read for.
        if permits.recv().is_err() {
            break;
        }
        if out.send(Numbered { number, input_bytes: chunk.input_bytes, content: chunk }).is_err() {
            break;
        }
    }
    Ok(())
}

fn work<W: Worker>(
    make_worker: impl Fn() -> io::Result<W>,
    chunks: &Receiver<Numbered<Chunk>>,
    out: &Sender<ChunkResult<W::Results>>,
) {
    // A chunk that is lost by a panic would be waited for without end. Nothing of the worker is used after a panic.
    let worked = catch_unwind(AssertUnwindSafe(|| {
        let mut worker = make_worker().map_err(FlowError::Start)?;
        for Numbered { number, input_bytes, content } in chunks {
            let content = worker.work(content);
            if out.send(Ok(Numbered { number, input_bytes, content })).is_err() {
                break;
            }
        }
        Ok(())
    }));
    if let Err(error) = worked.unwrap_or(Err(FlowError::Panic)) {
        // Without anybody to tell, the flow has ended already.
        let _ = out.send(Err(error));
    }
}

fn write<T>(
    results: &Receiver<ChunkResult<T>>,
    permits: &Sender<()>,
    sink: &mut impl Sink<T>,
) -> Result<(), FlowError> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    loop {
        let arrived = match results.try_recv() {
            Ok(arrived) => arrived,
            Err(_) => {
                sink.pause().map_err(FlowError::Write)?;
                let Ok(arrived) = results.recv() else { return Ok(()) };
                arrived
            }
        };
        let arrived = arrived?;
        early.insert(arrived.number, arrived);
        while let Some(due) = early.remove(&next) {
            sink.write(due.content, due.input_bytes).map_err(FlowError::Write)?;
            next += 1;
            // The reader may have ended.
            let _ = permits.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Gives each line back with its number.
    #[derive(Clone)]
    struct Echo;

    impl Worker for Echo {
        type Results = Vec<String>;

        fn work(&mut self, chunk: Chunk) -> Vec<String> {
            chunk.events().map(|(line, event)| format!("{line}:{}", String::from_utf8_lossy(event))).collect()
        }
    }

    #[derive(Default)]
    struct Collect {
        lines: Vec<String>,
        fails_at: Option<usize>,
    }

    impl Sink<Vec<String>> for Collect {
        fn write(&mut self, results: Vec<String>, _input_bytes: u64) -> io::Result<()> {
            self.lines.extend(results);
            match self.fails_at {
                Some(limit) if self.lines.len() >= limit => Err(io::ErrorKind::BrokenPipe.into()),
                _ => Ok(()),
            }
        }

        fn pause(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// One line per read, so that every chunk has one line.
    struct LineByLine(u64, u64);

    impl Read for LineByLine {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == self.1 {
                return Ok(0);
            }
            self.0 += 1;
            let line = format!("{}\n", self.0);
            buffer[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_input() {
        for threads in [1, 3] {
            let mut sink = Collect::default();
            run(LineByLine(0, 5000), 100, threads, || Ok(Echo), &mut sink).expect("no fault");
            let expected: Vec<String> = (1..=5000).map(|line| format!("{line}:{line}")).collect();
            assert_eq!(sink.lines, expected);
        }
    }

    #[test]
    fn a_slow_chunk_holds_back_later_ones_but_loses_none() {
        /// The worker that gets line 1 waits until the others have done as much as may be under way.
        struct First(mpsc::SyncSender<()>, std::sync::Arc<std::sync::Mutex<mpsc::Receiver<()>>>);

        impl Worker for First {
            type Results = Vec<String>;

            fn work(&mut self, chunk: Chunk) -> Vec<String> {
                if chunk.first_line == 1 {
                    let others = self.1.lock().expect("no panic");
                    for _ in 1..2 * CHUNKS_PER_WORKER {
                        others.recv().expect("the other worker goes on");
                    }
                } else {
                    self.0.send(()).expect("the test holds the other end");
                }
                Echo.work(chunk)
            }
        }

        let (done, others) = mpsc::sync_channel(10_000);
        let others = std::sync::Arc::new(std::sync::Mutex::new(others));
        let mut sink = Collect::default();
        run(LineByLine(0, 100), 100, 2, move || Ok(First(done.clone(), others.clone())), &mut sink).expect("no fault");
        let expected: Vec<String> = (1..=100).map(|line| format!("{line}:{line}")).collect();
        assert_eq!(sink.lines, expected);
    }

    #[test]
    fn a_reader_of_results_that_goes_away_ends_the_flow_even_if_input_never_ends() {
        let mut sink = Collect { fails_at: Some(10), ..Collect::default() };
        let error = run(LineByLine(0, u64::MAX), 100, 2, || Ok(Echo), &mut sink).expect_err("writing fails");
        assert!(matches!(error, FlowError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn what_was_read_before_a_fault_is_written() {
        struct Broken(LineByLine);

        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(io::ErrorKind::ConnectionReset.into()),
                    size => Ok(size),
                }
            }
        }

        let mut sink = Collect::default();
        let error = run(Broken(LineByLine(0, 3)), 100, 2, || Ok(Echo), &mut sink).expect_err("reading fails");
        assert!(matches!(error, FlowError::Read(_)));
        assert_eq!(sink.lines, ["1:1", "2:2", "3:3"]);
    }

    #[test]
    fn a_worker_that_panics_is_reported_and_does_not_hang_the_flow() {
        struct Panics;

        impl Worker for Panics {
            type Results = Vec<String>;

            fn work(&mut self, _chunk: Chunk) -> Vec<String> {
                panic!("as the test wants it")
            }
        }

        let mut sink = Collect::default();
        let error = run(LineByLine(0, 1000), 100, 2, || Ok(Panics), &mut sink).expect_err("workers panic");
        assert!(matches!(error, FlowError::Panic));
    }
}
