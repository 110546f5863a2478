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
}

impl ContextField {
    const NAMES: [(&[&str], ContextField); 10] = [
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
    ];

    /// The field that these steps begin with, and the number of steps that lead to it.
    pub(super) fn find(steps: &[Step]) -> Option<(ContextField, usize)> {
        let leads = |names: &[&str]| {
            steps.len() >= names.len()
                && std::iter::zip(names, steps).all(|(name, step)| matches!(step, Step::Name(own) if &**own == *name))
        };
        Self::NAMES.iter().find(|(names, _)| leads(names)).map(|(names, field)| (*field, names.len()))
    }
}
