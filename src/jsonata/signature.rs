//! Signatures of functions, `<s-n?:s>`: which arguments are taken.

/// A signature, without the type of the result, which nobody looks at.
#[derive(Clone, Debug, Default)]
pub(in crate::jsonata) struct Signature {
    pub(in crate::jsonata) parameters: Vec<Parameter>,
}

/// A parameter, which may take several arguments.
#[derive(Clone, Debug, Default)]
pub(in crate::jsonata) struct Parameter {
    /// A bit for each [symbol](symbol_bit) of the types that are taken: string `s`, number `n`, boolean `b`, null `l`, object
    /// `o`, array `a`, function `f`, undefined `m`.
    types: u32,
    /// `a`: a single value is taken for an array of one.
    pub(in crate::jsonata) is_array: bool,
    /// What stands in `<…>`: the type of the elements.
    pub(in crate::jsonata) elements: Option<String>,
    takes_elements: bool,
    /// `?`, or `-`.
    pub(in crate::jsonata) optional: bool,
    /// `+`
    pub(in crate::jsonata) many: bool,
    /// `-`: the context stands in for a missing argument.
    pub(in crate::jsonata) context: bool,
}

impl Parameter {
    #[inline]
    pub(in crate::jsonata) fn takes(&self, symbol: char) -> bool {
        self.types & symbol_bit(symbol) != 0
    }
}

/// Code and text of what is thrown.
type Coded = (&'static str, &'static str);

impl Signature {
    /// Reads a signature, which begins with `<`.
    pub(in crate::jsonata) fn parse(text: &str) -> Result<Signature, Coded> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut rest = text.get(1..).unwrap_or_default();
        while let Some(symbol) = rest.chars().next() {
            rest = &rest[symbol.len_utf8()..];
            match symbol {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => parameters.push(of(&format!("{symbol}m"))),
                'a' => parameters.push(Parameter { is_array: true, takes_elements: true, ..of("asnblfom") }),
                'f' => parameters.push(Parameter { takes_elements: true, ..of("f") }),
                'j' => parameters.push(of("asnblom")),
                'x' => parameters.push(of("asnblfom")),
                '(' => {
                    let choice = bracketed(&mut rest, '(', ')');
                    if choice.contains('<') {
                        return Err(("S0402", "Choice groups containing parameterized types are not supported"));
                    }
                    parameters.push(of(&format!("{choice}m")));
                }
                '<' => match parameters.last_mut() {
                    Some(last) if last.takes_elements => {
                        last.elements = Some(bracketed(&mut rest, '<', '>').to_owned());
                    }
                    _ => return Err(("S0401", "Type parameters can only be applied to functions and arrays")),
                },
                '-' | '?' | '+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.context |= symbol == '-';
                        last.optional |= symbol != '+';
                        last.many |= symbol == '+';
                    }
                }
                _ => {}
            }
        }
        Ok(Signature { parameters })
    }
}

fn of(types: &str) -> Parameter {
    Parameter { types: types.chars().map(symbol_bit).fold(0, |all, bit| all | bit), ..Parameter::default() }
}

/// The bit of a lower-case letter. No type has another symbol.
fn symbol_bit(symbol: char) -> u32 {
    if symbol.is_ascii_lowercase() { 1 << (symbol as u32 - 'a' as u32) } else { 0 }
}

/// What stands up to the bracket that closes, which is taken too.
fn bracketed<'t>(rest: &mut &'t str, open: char, close: char) -> &'t str {
    let mut depth = 1;
    for (at, symbol) in rest.char_indices() {
        if symbol == open {
            depth += 1;
        } else if symbol == close {
            depth -= 1;
        }
        if depth == 0 {
            let inner = &rest[..at];
            *rest = &rest[at + symbol.len_utf8()..];
            return inner;
        }
    }
    std::mem::take(rest)
}
