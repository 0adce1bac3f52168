//! Writes HCL as `terraform fmt` lays it out, in which a text stays a text, whatever stands in it.

use std::fmt::Write as _;

use egressmap_parser::printable::is_deceptive;

/// The contents of a file or of a block.
#[derive(Debug, Default)]
pub(crate) struct Body {
    items: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Attribute(&'static str, Expression),
    Block(String, Body),
}

/// The right-hand side of an attribute.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    /// A text, quoted and escaped.
    Text(String),
    /// A number.
    Number(u64),
    /// A reference or keyword of our own making; never text from outside.
    Reference(String),
    /// A list, one item a line.
    List(Vec<Expression>),
    /// An object, one key a line; the keys are texts.
    Object(Vec<(String, Expression)>),
}

impl Body {
    /// Adds `name = value`.
    pub(crate) fn attribute(mut self, name: &'static str, value: impl Into<Expression>) -> Self {
        self.items.push(Item::Attribute(name, value.into()));
        self
    }

    /// Adds a block with the given labels.
    pub(crate) fn block(mut self, kind: &str, labels: &[&str], body: Body) -> Self {
        let mut head = kind.to_owned();
        for label in labels {
            head.push(' ');
            head.push_str(&quoted(label));
        }
        self.items.push(Item::Block(head, body));
        self
    }

    /// The text of a file.
    pub(crate) fn into_text(self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        for (at, item) in self.items.iter().enumerate() {
            let previous = at.checked_sub(1).map(|before| &self.items[before]);
            if previous.is_some_and(|previous| !(previous.is_line() && item.is_line())) {
                out.push('\n');
            }
            let indent = "  ".repeat(depth);
            match item {
                Item::Attribute(name, value) => {
                    let width = self.width_of_run(at);
                    let _ = write!(out, "{indent}{name:width$} = ");
                    value.write(out, depth);
                    out.push('\n');
                }
                Item::Block(head, body) if body.items.is_empty() => {
                    let _ = writeln!(out, "{indent}{head} {{}}");
                }
                Item::Block(head, body) => {
                    let _ = writeln!(out, "{indent}{head} {{");
                    body.write(out, depth + 1);
                    let _ = writeln!(out, "{indent}}}");
                }
            }
        }
    }

    /// Neighbouring one-line attributes have their `=` in one column.
    fn width_of_run(&self, at: usize) -> usize {
        if !self.items[at].is_line() {
            return 0;
        }
        let run = |items: &mut dyn Iterator<Item = &Item>| {
            items
                .take_while(|item| item.is_line())
                .map(Item::name_width)
                .max()
                .unwrap_or(0)
        };
        let after = run(&mut self.items[at..].iter());
        after.max(run(&mut self.items[..at].iter().rev()))
    }
}

impl Item {
    fn is_line(&self) -> bool {
        match self {
            Item::Attribute(_, value) => value.is_line(),
            Item::Block(..) => false,
        }
    }

    fn name_width(&self) -> usize {
        match self {
            Item::Attribute(name, _) => name.len(),
            Item::Block(..) => 0,
        }
    }
}

impl Expression {
    fn is_line(&self) -> bool {
        match self {
            Expression::List(items) => items.is_empty(),
            Expression::Object(entries) => entries.is_empty(),
            Expression::Text(_) | Expression::Number(_) | Expression::Reference(_) => true,
        }
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Expression::Text(text) => out.push_str(&quoted(text)),
            Expression::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Expression::Reference(reference) => out.push_str(reference),
            Expression::List(items) if items.is_empty() => out.push_str("[]"),
            Expression::List(items) => {
                out.push_str("[\n");
                for item in items {
                    let _ = write!(out, "{indent}  ");
                    item.write(out, depth + 1);
                    out.push_str(",\n");
                }
                let _ = write!(out, "{indent}]");
            }
            Expression::Object(entries) if entries.is_empty() => out.push_str("{}"),
            Expression::Object(entries) => {
                out.push_str("{\n");
                for run in entries.chunk_by(|(_, a), (_, b)| a.is_line() && b.is_line()) {
                    let keys: Vec<String> = run.iter().map(|(key, _)| quoted(key)).collect();
                    let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
                    for (key, (_, value)) in keys.iter().zip(run) {
                        let _ = write!(out, "{indent}  {key:width$} = ");
                        value.write(out, depth + 1);
                        out.push('\n');
                    }
                }
                let _ = write!(out, "{indent}}}");
            }
        }
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Expression::Text(text.to_owned())
    }
}

/// A reference to something of ours, such as `var.mesh_name`.
pub(crate) fn reference(path: impl Into<String>) -> Expression {
    Expression::Reference(path.into())
}

/// A text in quotes, with no escape, interpolation or directive of its own left in it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if is_deceptive(c) => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use hcl::eval::{Context, Evaluate as _};
    use proptest::prelude::*;

    use super::*;

    fn read_back(text: &str) -> hcl::Value {
        let body = hcl::parse(&Body::default().attribute("a", text).into_text()).unwrap();
        body.attributes()
            .next()
            .unwrap()
            .expr
            .evaluate(&Context::new())
            .unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_text(text in prop_oneof![any::<String>(), "[$%{}\\\\\"~a\n]{0,12}"]) {
            prop_assert_eq!(read_back(&text), hcl::Value::String(text));
        }
    }

    #[test]
    fn neighbouring_lines_align_and_blocks_stand_apart() {
        let inner = Body::default()
            .attribute("port", Expression::Number(443))
            .attribute("protocol", "tcp");
        let list = Expression::List(vec!["x".into()]);
        let body = Body::default()
            .attribute("a", reference("var.a"))
            .attribute("long", Expression::List(Vec::new()))
            .attribute("b", list)
            .attribute("c", Expression::Object(Vec::new()))
            .block("empty", &["a\"b"], Body::default())
            .block("listener", &[], inner);
        insta::assert_snapshot!(body.into_text(), @r#"
        a    = var.a
        long = []

        b = [
          "x",
        ]

        c = {}

        empty "a\"b" {}

        listener {
          port     = 443
          protocol = "tcp"
        }
        "#);
    }
}
