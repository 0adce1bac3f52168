//! A reader of what of the DOT language a graph of ours needs: it refuses everything else.

use std::collections::{BTreeMap, BTreeSet};

/// What Graphviz would draw.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Nodes by identifier, with the text of their label.
    pub(super) labels: BTreeMap<String, String>,
    /// From, to, and the text of the label.
    pub(super) edges: Vec<(String, String, String)>,
}

impl Drawn {
    pub(super) fn services(&self) -> BTreeSet<&str> {
        let services = self.labels.keys().filter(|id| id.starts_with('s'));
        services.map(String::as_str).collect()
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(char),
    Arrow,
}

/// Reads `digraph NAME { statement; … }`.
pub(super) fn read(text: &str) -> Result<Drawn, String> {
    let tokens = tokens(text)?;
    let [
        Token::Word(digraph),
        Token::Word(_),
        Token::Sign('{'),
        body @ ..,
        Token::Sign('}'),
    ] = tokens.as_slice()
    else {
        return Err("expected a digraph".to_owned());
    };
    if digraph != "digraph" {
        return Err(format!("expected digraph, found {digraph}"));
    }
    let mut drawn = Drawn::default();
    for statement in body
        .split(|token| *token == Token::Sign(';'))
        .filter(|statement| !statement.is_empty())
    {
        match statement {
            [Token::Word(_), Token::Sign('='), Token::Word(_)] => {}
            [Token::Word(from), Token::Arrow, Token::Word(to), attributes @ ..] => {
                drawn.edges.push((from.clone(), to.clone(), label(attributes)?));
            }
            [Token::Word(node), ..] if node == "node" => {}
            [Token::Word(node), attributes @ ..] => {
                if drawn.labels.insert(node.clone(), label(attributes)?).is_some() {
                    return Err(format!("{node} stands twice"));
                }
            }
            other => return Err(format!("no statement: {other:?}")),
        }
    }
    Ok(drawn)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\n' => {}
            '-' if chars.next_if_eq(&'>').is_some() => tokens.push(Token::Arrow),
            '{' | '}' | '[' | ']' | '=' | ',' | ';' => tokens.push(Token::Sign(c)),
            '"' => {
                let mut quoted = String::new();
                loop {
                    match chars.next().ok_or("a quote is open")? {
                        '"' => break,
                        // Between quotes only the quote itself is escaped; a pair of backslashes stays one.
                        '\\' => {
                            let next = chars.next().ok_or("a quote is open")?;
                            if next != '"' {
                                quoted.push('\\');
                            }
                            quoted.push(next);
                        }
                        other => quoted.push(other),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            c if c.is_ascii_alphanumeric() => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(char::is_ascii_alphanumeric) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            other => return Err(format!("unexpected {other:?}")),
        }
    }
    Ok(tokens)
}

/// The label among `[name=value, …]`, as it is shown.
fn label(attributes: &[Token]) -> Result<String, String> {
    let [Token::Sign('['), list @ .., Token::Sign(']')] = attributes else {
        return Err(format!("expected attributes, found {attributes:?}"));
    };
    let mut label = None;
    for attribute in list.split(|token| *token == Token::Sign(',')) {
        match attribute {
            [Token::Word(name), Token::Sign('='), Token::Quoted(value)] if name == "label" => {
                label = Some(shown(value)?)
            }
            [Token::Word(_), Token::Sign('='), Token::Word(_)] => {}
            other => return Err(format!("no attribute: {other:?}")),
        }
    }
    label.ok_or_else(|| "no label".to_owned())
}

/// What Graphviz makes of the escapes and entities in a label.
fn shown(label: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = label.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\\') => text.push('\\'),
                other => return Err(format!("an escape of its own: {other:?}")),
            },
            '&' => {
                let entity: String = chars.by_ref().take_while(|c| *c != ';').collect();
                if entity != "amp" {
                    return Err(format!("an entity: {entity}"));
                }
                text.push('&');
            }
            c => text.push(c),
        }
    }
    Ok(text)
}
