use super::super::Expression;
use crate::value::Heap;

/// Texts, and what is wrong with them; empty: nothing.
const CASES: &[(&str, &str)] = &[
    ("", "Unexpected end of expression"),
    ("1 +", "Unexpected end of expression"),
    ("$a.", "Unexpected end of expression"),
    ("$sum(", r#"Expected ")" before end of expression"#),
    ("[1,", r#"Expected "]" before end of expression"#),
    ("(1; 2", r#"Expected ")" before end of expression"#),
    ("{\"a\":1", r#"Expected "}" before end of expression"#),
    ("{\"a\"}", r#"Expected ":", got "}""#),
    ("{\"a\" 1}", r#"Expected ":", got 1"#),
    ("$a[1,2]", r#"Expected "]", got ",""#),
    ("[1:2]", r#"Expected "]", got ":""#),
    ("[1 true]", r#"Expected "]", got true"#),
    ("$f($x $y)", r#"Expected ")", got "y""#),
    ("$a b", r#"Syntax error: "b""#),
    ("1..2", r#"Syntax error: "..""#),
    ("1 2", "Syntax error: 2"),
    ("1)", r#"Syntax error: ")""#),
    ("}", r#"The symbol "}" cannot be used as a unary operator"#),
    ("+ 1", r#"The symbol "+" cannot be used as a unary operator"#),
    ("$a ?? 1", r#"The symbol "?" cannot be used as a unary operator"#),
    ("$a ?: 1", r#"The symbol ":" cannot be used as a unary operator"#),
    ("[1,,2]", r#"The symbol "," cannot be used as a unary operator"#),
    ("[1,]", r#"The symbol "]" cannot be used as a unary operator"#),
    ("$f(,)", r#"The symbol "," cannot be used as a unary operator"#),
    ("1 ! 2", r#"Unknown operator: "!""#),
    ("\"abc", "String literal must be terminated by a matching quote"),
    ("'it\\'s'", r#"Unsupported escape sequence: \"'""#),
    ("\"\\u12\"", "The escape sequence \\u must be followed by 4 hex digits"),
    ("`abc", "Quoted property name must be terminated with a backquote (`)"),
    ("1 /* abc", "Comment has no closing tag"),
    ("1e999", r#"Number out of range: "1e999""#),
    ("$match($a, /abc", "No terminating / in regular expression"),
    ("$match($a, //)", "Empty regular expressions are not allowed"),
    ("$a := ", "Unexpected end of expression"),
    ("1 := 2", "The left side of := must be a variable name (start with $)"),
    ("function($a, 1){$a}", "Parameter 2 of function definition must be a variable name (start with $)"),
    ("function($a)", r#"Expected "{" before end of expression"#),
    ("$a.1", "The literal value 1 cannot be used as a step within a path expression"),
    ("$a@b", r#"The right side of "@" must be a variable name (start with $)"#),
    ("$a#1", r##"The right side of "#" must be a variable name (start with $)"##),
    ("$a{'x': 1}[0]", "A predicate cannot follow a grouping expression in a step"),
    ("$a{'x': 1}{'y': 2}", "Each step can only have one grouping expression"),
    ("$a.%.%.%", "The object representing the 'parent' cannot be derived from this expression"),
    ("$a[0]@$v.b", "A context variable binding must precede any predicates on a step"),
    ("$a^(b)@$v.b", "A context variable binding must precede the 'order-by' clause on a step"),
    ("$a ? 1", ""),
    ("$a ? 1 : 2", ""),
    ("$a.and.or.in", ""),
    ("$a.b[c = /x(/)y/.match]", ""),
    ("$a ~> |b|{'c': 1}, ['d']|", ""),
    ("$a^(>b, <c)", ""),
    ("-$a[-1] ** 2", r#"Syntax error: "**""#),
    ("[1..$n, $m..9]", ""),
    ("$f(?, 2)", ""),
    ("function($a)<n?a<s>:x>{ $a }(1)", ""),
    ("( $x := 1; /* :) */ $x; )", ""),
    ("$x / 2 / 3", ""),
    ("$split($x, /[/]/)", ""),
    ("$.undefined.a\u{20ac}", ""),
    ("'\\ud83d\\ude00'", ""),
];

#[test]
fn what_is_wrong_is_said_in_the_words_of_the_reference_implementation() {
    for (text, expected) in CASES {
        let found = Expression::compile(text, &mut Heap::new()).err().map(|error| error.message).unwrap_or_default();
        assert_eq!(&*found, *expected, "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("$f(", ")"), ("{'a':", "}")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(
            &*Expression::compile(&text, &mut Heap::new()).unwrap_err().message,
            "The expression is nested deeper than 200 levels"
        );
    }
}
