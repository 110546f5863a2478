//! Chains of Pass states that each set a field of their input to a constant.
//!
//! Such a state needs nothing of a frame: no path is evaluated, nothing can be retried or caught, and where its input is nobody
//! else's, setting the field is all that there is to do. Going through `enter`, `attempt` and `leave` for that took eight times the
//! instructions. Whatever is out of the ordinary (a limit that is near, history, a shared input) ends the chain before the
//! state in question is begun; that state then goes the usual way.

use super::interpreter::{ENTRY_WORK, Interpreter, Step};
use super::pool::Id;
use crate::program::{Kind, Next, ResultPath, State, StateId};
use crate::value::{Key, Value};

/// Bytes that a field may take besides its value: an escape of six for each of its key's, quotes, colon and comma.
fn field_bytes(key: &Key) -> u32 {
    6 * key.len() as u32 + 4
}

/// More bytes of the heap than a state of a chain takes: an entry, whose key is one of the constants, and its part of an index.
const FIELD_BYTES: usize = 512;

impl Interpreter<'_> {
    /// Runs the states of a chain from here on; `None` if there is none to run.
    #[inline]
    pub(super) fn run_chain(&mut self, frame: Id, first: StateId, input: Value) -> Option<Step> {
        let this = self.run.frames.at(frame);
        let is_seen = self.run.record_history || self.is_solo() || this.child_events.is_some();
        if !this.owns_input || is_seen {
            return None;
        }
        let may_run = self.states_without_a_limit();
        let (mut state, mut data) = (first, input);
        let mut states = 0;
        let step = loop {
            let Some((key, result, next)) = addition(self.program.state(state)) else { break Step::Enter(state, data) };
            let size = self.heap.size(data).saturating_add(self.heap.size(result)).saturating_add(field_bytes(key));
            if states == may_run || size > self.run.limits.max_data_bytes {
                break Step::Enter(state, data);
            }
            let Value::Object(object) = data else { break Step::Enter(state, data) };
            let Some(changed) = self.heap.set_in_place(object, key, result) else { break Step::Enter(state, data) };
            data = Value::Object(changed);
            states += 1;
            self.observe_passed(state);
            match next {
                Next::State(next) => state = next,
                Next::End => break Step::End(data),
            }
        };
        if states == 0 {
            return None;
        }
        self.heap.count(states as usize * (ENTRY_WORK + 1));
        self.run.transitions += states;
        // Each is entered and left.
        self.run.events += 2 * states;
        self.run.frames.at_mut(frame).previous_event = self.run.events;
        Some(step)
    }

    /// How many states of a chain come nowhere near a limit, and don't end the turn: looked at once for all of them.
    fn states_without_a_limit(&self) -> u64 {
        let limits = &self.run.limits;
        // The failure names the last state that was entered: that one goes the usual way.
        let entries = limits.max_transitions.saturating_sub(self.run.transitions + 1);
        let work = self.run.turn_end.saturating_sub(self.heap.work_done()) / ENTRY_WORK as u64;
        let bytes = (limits.max_heap_bytes / 2).saturating_sub(self.heap.bytes_used()) / FIELD_BYTES;
        entries.min(work).min(bytes as u64)
    }
}

/// The field that a state sets, and to what, if it does nothing else.
#[inline]
fn addition(state: &State) -> Option<(&Key, Value, Next)> {
    let Kind::Pass(pass) = &state.kind else { return None };
    let ResultPath::Write(path) = &pass.common.result_path else { return None };
    if !state.keeps_data() || state.output.is_some() {
        return None;
    }
    Some((path.as_name()?, pass.result?, pass.common.next))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use super::super::tests::IDENTITY;
    use super::super::{Execution, Limits, Progress, StateCounts, Timestamp};
    use crate::program::Program;

    /// Fields by turns: of their own, one that is set again and again, one with an escape, one inside of an object.
    fn program() -> Arc<Program> {
        let mut states = String::new();
        for number in 0..60 {
            let path = match number % 8 {
                5 => "$.same".to_owned(),
                6 => "$['a\\\"b']".to_owned(),
                7 => "$.inner.deep".to_owned(),
                _ => format!("$.field{number}"),
            };
            let next = if number == 59 { "\"End\":true".to_owned() } else { format!("\"Next\":\"S{}\"", number + 1) };
            let comma = if number == 0 { "" } else { "," };
            let result = format!("{{\"n\":[{number}]}}");
            write!(
                states,
                "{comma}\"S{number}\":{{\"Type\":\"Pass\",\"Result\":{result},\"ResultPath\":\"{path}\",{next}}}"
            )
            .unwrap();
        }
        Arc::new(Program::from_text(&format!("{{\"StartAt\":\"S0\",\"States\":{{{states}}}}}")).unwrap())
    }

    /// What an execution comes to: its output or failure, the states that it entered, and how often each was entered and left.
    fn play(program: &Arc<Program>, limits: &Limits, recorded: bool) -> (String, u64, Vec<(String, u64, u64)>) {
        let mut execution = Execution::new(limits.clone());
        if recorded {
            execution.record_history();
        }
        let counts = Arc::new(StateCounts::new(program));
        execution.count_states(Arc::clone(&counts));
        execution.start(program, br#"{"same":1,"x":[2]}"#, &IDENTITY, Timestamp(5)).unwrap();
        while execution.run(Timestamp(5)) != Progress::Ended {}
        let mut output = Vec::new();
        execution.write_output(&mut output);
        let end = format!("{} {:?}", String::from_utf8_lossy(&output), execution.failure());
        let mut states = Vec::new();
        counts.drain(|name, tally| states.push((name.to_owned(), tally.entered, tally.succeeded)));
        (end, execution.transitions(), states)
    }

    #[test]
    fn a_chain_comes_to_what_its_states_come_to_one_by_one() {
        let program = program();
        let usual = Limits::default();
        let limits = [
            usual.clone(),
            Limits { work_per_run: 1, ..usual.clone() },
            Limits { work_per_run: 200, ..usual.clone() },
            Limits { max_transitions: 31, ..usual.clone() },
            Limits { max_data_bytes: 700, ..usual.clone() },
        ];
        let ends = limits.map(|limits| {
            // With a history, each state goes the usual way.
            let (chained, one_by_one) = (play(&program, &limits, false), play(&program, &limits, true));
            assert_eq!(chained, one_by_one, "{limits:?}");
            chained.0
        });
        assert!(ends[0].contains("field58") && ends[..3].iter().all(|end| *end == ends[0]));
        let (end, ..) = play(&program, &Limits { max_heap_bytes: 3_000, ..usual }, false);
        assert!(end.contains("take more than 3000 bytes"), "{end}");
        assert!(ends[3].contains("S30") && ends[4].contains("States.DataLimitExceeded"), "{ends:?}");
    }
}
