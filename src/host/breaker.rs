//! When a service counts as unavailable, and who tries it then. A pure function of what happens: time is an argument.

use std::time::{Duration, Instant};

/// A circuit breaker: it opens after so many calls in a row that did not reach the service. Then one call at a time tries it, once per
/// interval, and the first answer closes it.
#[derive(Debug)]
pub(super) struct Breaker {
    after: u32,
    interval: Duration,
    state: State,
    /// Probes so far.
    probes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Calls are made.
    Closed {
        /// Those in a row, the last ones, that did not reach the service.
        failed: u32,
    },
    /// Calls wait.
    Open {
        since: Instant,
        /// When one of them tries the service.
        probe_at: Instant,
    },
    /// Calls wait for what comes of the one that tries the service.
    Probing { since: Instant, probe: Probe },
}

/// Names a call that tries the service: what comes of one that others have overtaken says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe(u64);

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Be made.
    Go,
    /// Be made, as the one that tries the service.
    Probe(Probe),
    /// Wait until the breaker changes, or until then.
    Wait(Option<Instant>),
}

impl Breaker {
    pub(super) fn new(after: u32, interval: Duration) -> Self {
        Self { after: after.max(1), interval, state: State::Closed { failed: 0 }, probes: 0 }
    }

    /// Since when the service has been unavailable.
    pub(super) fn open_since(&self) -> Option<Instant> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { since, .. } | State::Probing { since, .. } => Some(since),
        }
    }

    /// Whether it is time that a call tries the service.
    pub(super) fn wants_probe(&self, now: Instant) -> bool {
        matches!(self.state, State::Open { probe_at, .. } if now >= probe_at)
    }

    /// Asks for a call that wants to be made. Who is told [`Verdict::Probe`] has to say what came of it.
    pub(super) fn ask(&mut self, now: Instant) -> Verdict {
        match self.state {
            State::Closed { .. } => Verdict::Go,
            State::Probing { .. } => Verdict::Wait(None),
            State::Open { probe_at, .. } if now < probe_at => Verdict::Wait(Some(probe_at)),
            State::Open { since, .. } => {
                self.probes += 1;
                let probe = Probe(self.probes);
                self.state = State::Probing { since, probe };
                Verdict::Probe(probe)
            }
        }
    }

    /// The service has answered a call: it is there, whoever asked. Since when it was not, if it was not.
    pub(super) fn answered(&mut self) -> Option<Instant> {
        let since = self.open_since();
        self.state = State::Closed { failed: 0 };
        since
    }

    /// A call, or the one that tried the service, did not reach it. Whether the service is unavailable from now on.
    pub(super) fn failed(&mut self, tried: Option<Probe>, now: Instant) -> bool {
        match &mut self.state {
            State::Closed { failed } => {
                *failed += 1;
                let opens = *failed >= self.after;
                if opens {
                    self.state = State::Open { since: now, probe_at: now + self.interval };
                }
                opens
            }
            State::Probing { since, probe } if tried == Some(*probe) => {
                self.state = State::Open { since: *since, probe_at: now + self.interval };
                false
            }
            // It was under way when the breaker opened.
            State::Probing { .. } | State::Open { .. } => false,
        }
    }

    /// The call that was to try the service is no longer wanted: another one tries it.
    pub(super) fn probe_given_up(&mut self, given_up: Probe, now: Instant) {
        if let State::Probing { since, probe } = self.state
            && probe == given_up
        {
            self.state = State::Open { since, probe_at: now };
        }
    }

    /// How long a call waits that did not reach the service, so that a service which is about to be found unavailable is not asked
    /// as fast as it refuses.
    pub(super) fn pause_after(&self, failures: u32) -> Duration {
        const FIRST: Duration = Duration::from_millis(50);
        FIRST.saturating_mul(1 << failures.min(10)).min(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(3, INTERVAL), Instant::now())
    }

    #[test]
    fn it_opens_after_so_many_in_a_row_and_not_before() {
        let (mut breaker, now) = breaker();
        assert_eq!([breaker.failed(None, now), breaker.failed(None, now)], [false, false]);
        assert_eq!(breaker.answered(), None);
        assert_eq!([breaker.failed(None, now), breaker.failed(None, now)], [false, false]);
        assert_eq!((breaker.ask(now), breaker.open_since()), (Verdict::Go, None));
        assert!(breaker.failed(None, now));
        assert_eq!((breaker.ask(now), breaker.open_since()), (Verdict::Wait(Some(now + INTERVAL)), Some(now)));
        assert!(!breaker.failed(None, now), "it is open already");
    }

    #[test]
    fn one_call_per_interval_tries_and_its_answer_closes() {
        let (mut breaker, now) = breaker();
        assert_eq!([(); 3].map(|()| breaker.failed(None, now)), [false, false, true]);
        let later = now + INTERVAL;
        assert!(!breaker.wants_probe(now) && breaker.wants_probe(later));
        assert_eq!([breaker.ask(later), breaker.ask(later)], [Verdict::Probe(Probe(1)), Verdict::Wait(None)]);
        assert!(!breaker.failed(None, later), "one from before says nothing of the probe");
        assert_eq!(breaker.ask(later + INTERVAL), Verdict::Wait(None));
        breaker.failed(Some(Probe(1)), later);
        assert_eq!(breaker.ask(later), Verdict::Wait(Some(later + INTERVAL)));
        assert_eq!(breaker.ask(later + INTERVAL), Verdict::Probe(Probe(2)));
        breaker.probe_given_up(Probe(1), later);
        assert!(!breaker.failed(Some(Probe(1)), later), "it was overtaken");
        assert_eq!(breaker.ask(later + INTERVAL), Verdict::Wait(None));
        assert_eq!(breaker.answered(), Some(now));
        assert_eq!([breaker.ask(later), breaker.ask(later)], [Verdict::Go; 2]);
    }

    #[test]
    fn a_probe_that_is_no_longer_wanted_leaves_its_turn_to_another() {
        let (mut breaker, now) = breaker();
        assert_eq!([(); 3].map(|()| breaker.failed(None, now)), [false, false, true]);
        let later = now + INTERVAL;
        assert_eq!(breaker.ask(later), Verdict::Probe(Probe(1)));
        breaker.probe_given_up(Probe(1), later);
        assert_eq!((breaker.ask(later), breaker.open_since()), (Verdict::Probe(Probe(2)), Some(now)));
    }

    #[derive(Clone, Debug)]
    enum Event {
        Pass(u64),
        Begin,
        End { which: usize, fate: u8 },
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            (0..15_000_u64).prop_map(Event::Pass),
            Just(Event::Begin),
            (any::<usize>(), 0..4_u8).prop_map(|(which, fate)| Event::End { which, fate }),
        ];
        prop::collection::vec(event, 0..300)
    }

    proptest! {
        /// A service is never tried by two calls at a time, opens exactly after so many in a row, and is never left alone for
        /// longer than the interval, whatever calls do.
        #[test]
        fn whatever_happens_it_is_tried_by_one_at_a_time_and_never_forgotten(events in events(), after in 1..5_u32) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new(after, INTERVAL);
            // Those under way, with their probes; and the probe that counts.
            let mut calls: Vec<Option<Probe>> = Vec::new();
            let mut current = None;
            let mut in_a_row = 0;
            for event in events {
                match event {
                    Event::Pass(milliseconds) => now += Duration::from_millis(milliseconds),
                    Event::Begin => match breaker.ask(now) {
                        Verdict::Go => calls.push(None),
                        Verdict::Probe(probe) => {
                            prop_assert_eq!(current, None, "two at a time");
                            current = Some(probe);
                            calls.push(current);
                        }
                        Verdict::Wait(Some(until)) => prop_assert!(until > now && until <= now + INTERVAL),
                        Verdict::Wait(None) => prop_assert!(current.is_some() && calls.contains(&current), "nobody tries it"),
                    },
                    Event::End { .. } if calls.is_empty() => {}
                    Event::End { which, fate } => {
                        let probe = calls.swap_remove(which % calls.len());
                        match fate {
                            0 => {
                                breaker.answered();
                                in_a_row = 0;
                                current = None;
                            }
                            1 => {
                                probe.into_iter().for_each(|probe| breaker.probe_given_up(probe, now));
                                current = current.filter(|_| current != probe);
                            }
                            _ => {
                                let was_closed = breaker.open_since().is_none();
                                let opens = breaker.failed(probe, now);
                                current = current.filter(|_| current != probe);
                                in_a_row += u32::from(was_closed);
                                prop_assert_eq!(opens, was_closed && in_a_row == after);
                            }
                        }
                    }
                }
                prop_assert_eq!(breaker.open_since().is_some(), in_a_row >= after);
            }
        }
    }
}
