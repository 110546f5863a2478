use super::step::Step;

/// A part of the context object that paths often begin at: building the whole object for one of them costs more than
/// most states do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextField {
    /// `$$.Execution.Id`
    ExecutionId,
    /// `$$.Execution.Input`
    ExecutionInput,
    /// `$$.Execution.Name`
    ExecutionName,
    /// `$$.Execution.StartTime`
    ExecutionStartTime,
    /// `$$.StateMachine.Id`
    StateMachineId,
    /// `$$.StateMachine.Name`
    StateMachineName,
    /// `$$.State.Name`
    StateName,
    /// `$$.State.EnteredTime`
    StateEnteredTime,
    /// `$$.Map.Item.Index`
    MapItemIndex,
    /// `$$.Map.Item.Value`
    MapItemValue,
    /// `$$.Kafka`
    Kafka,
}

impl ContextField {
    const NAMES: [(&[&str], ContextField); 11] = [
        (&["Execution", "Id"], ContextField::ExecutionId),
        (&["Execution", "Input"], ContextField::ExecutionInput),
        (&["Execution", "Name"], ContextField::ExecutionName),
        (&["Execution", "StartTime"], ContextField::ExecutionStartTime),
        (&["StateMachine", "Id"], ContextField::StateMachineId),
        (&["StateMachine", "Name"], ContextField::StateMachineName),
        (&["State", "Name"], ContextField::StateName),
        (&["State", "EnteredTime"], ContextField::StateEnteredTime),
        (&["Map", "Item", "Index"], ContextField::MapItemIndex),
        (&["Map", "Item", "Value"], ContextField::MapItemValue),
        (&["Kafka"], ContextField::Kafka),
    ];

    /// The field that these names begin with, and how many of them lead to it.
    pub fn leading(names: &[&str]) -> Option<(ContextField, usize)> {
        Self::NAMES.iter().find(|(own, _)| names.starts_with(own)).map(|(own, field)| (*field, own.len()))
    }

    /// The field that these steps begin with, and the number of steps that lead to it.
    pub(super) fn find(steps: &[Step]) -> Option<(ContextField, usize)> {
        let leads = |names: &[&str]| {
            steps.len() >= names.len()
                && std::iter::zip(names, steps).all(|(name, step)| matches!(step, Step::Name(own) if &**own == *name))
        };
        Self::NAMES.iter().find(|(names, _)| leads(names)).map(|(names, field)| (*field, names.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::ContextField;
    use crate::expr::path::{Path, Root};
    use crate::expr::scope::Scope;
    use crate::expr::testing::json;
    use crate::value::{Heap, Value};

    /// A scope that knows the execution's input and nothing else.
    struct InputOnly {
        input: Value,
        random: fastrand::Rng,
    }

    impl Scope for InputOnly {
        fn root(&mut self, _: &mut Heap, _: &Root) -> Option<Value> {
            None
        }

        fn context_field(&mut self, _: &mut Heap, field: ContextField) -> Option<Value> {
            (field == ContextField::ExecutionInput).then_some(self.input)
        }

        fn random(&mut self) -> &mut fastrand::Rng {
            &mut self.random
        }
    }

    #[test]
    fn a_part_is_asked_for_without_the_whole_and_errors_show_the_whole_path() {
        let cases = [
            ("$$.Execution.Input", Ok(r#"{"a":{"b":[1]}}"#)),
            ("$$['Execution']['Input'].a.b[0]", Ok("1")),
            ("$$.Execution.Input.x", Err("No results for path: $['Execution']['Input']['x']")),
            ("$$.Execution.Input.x.y", Err("Missing property in path $['Execution']['Input']['x']")),
            ("$$.Execution.Name", Err("No results for path: $['Execution']['Name']")),
            ("$$.Execution.Input.a.b[*]", Err("No results for path: $['Execution']['Input']['a']['b'][*]")),
            ("$$.Execution.Input.a.length()", Err("No results for path: $['Execution']['Input']['a']['length()']")),
            ("$.Execution.Input", Err("No results for path: $['Execution']['Input']")),
        ];
        for (text, expected) in cases {
            let mut heap = Heap::new();
            let input = json(&mut heap, r#"{"a":{"b":[1]}}"#);
            let path = Path::parse(text).unwrap();
            let found = path.resolve(&mut heap, &mut InputOnly { input, random: fastrand::Rng::with_seed(1) });
            let found = found.map(|value| heap.to_json(value)).map_err(|error| error.detail(&heap, &path));
            assert_eq!(found.as_deref().map_err(|error| error.as_str()), expected, "{text}");
        }
    }
}
