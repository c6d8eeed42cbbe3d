//! The names of metrics and labels in an expression for Prometheus, or in the query of a Grafana variable.
//!
//! It splits and does not judge: what is no expression has names too.

use std::collections::BTreeSet;

/// Words that are neither a metric nor a function.
const KEYWORDS: [&str; 12] = [
    "and",
    "atan2",
    "bool",
    "by",
    "end",
    "group_left",
    "group_right",
    "inf",
    "nan",
    "offset",
    "or",
    "unless",
];

/// Words before a list of labels.
const LISTS: [&str; 6] = [
    "by",
    "group_left",
    "group_right",
    "ignoring",
    "on",
    "without",
];

#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Each metric with the labels that its matchers name.
    pub(crate) selectors: Vec<(String, Vec<String>)>,
    /// The labels in lists, and those that functions read.
    pub(crate) labels: BTreeSet<String>,
    /// The labels that functions write, whether or not they were there.
    pub(crate) written: BTreeSet<String>,
}

impl Names {
    /// Takes the labels among the texts that a function was given.
    fn close(&mut self, function: Option<(&str, Vec<&str>)>) {
        let Some((function, given)) = function else {
            return;
        };
        let owned = given.into_iter().map(str::to_owned);
        match function {
            "label_replace" => {
                let mut given = owned.step_by(2);
                self.written.extend(given.next());
                self.labels.extend(given.next());
            }
            "count_values" => self.written.extend(owned),
            _ => {}
        }
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

pub(crate) fn names(expression: &str) -> Names {
    let tokens = tokens(expression);
    let mut names = Names::default();
    // The functions that are open, with the texts that each was given so far.
    let mut open: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        at += 1;
        match (token, rest.first()) {
            (Token::Word(word), Some(Token::Sign('('))) if LISTS.contains(&&**word) => {
                let list = until(&rest[1..], ')');
                names.labels.extend(words(list));
                at += 1 + list.len() + 1;
            }
            (Token::Word(word), Some(Token::Sign('('))) => {
                open.push((word, Vec::new()));
                at += 1;
            }
            // An aggregation.
            (Token::Word(_), Some(Token::Word(list))) if LISTS.contains(&&**list) => {}
            // Behind the comma there is a label and not a metric.
            (Token::Word(word), _) if is_label_of(open.last(), &tokens[..at - 1]) => {
                names.labels.insert(word.clone());
            }
            (Token::Word(word), next) if is_name(word) => {
                let is_matched = next == Some(&Token::Sign('{'));
                let matchers = if is_matched {
                    until(&rest[1..], '}')
                } else {
                    &[]
                };
                names
                    .selectors
                    .push((word.clone(), words(matchers).collect()));
                at += usize::from(is_matched) + matchers.len();
            }
            (Token::Text(text), _) => open
                .last_mut()
                .into_iter()
                .for_each(|(_, given)| given.push(text)),
            (Token::Sign('('), _) => open.push(Default::default()),
            (Token::Sign(')'), _) => names.close(open.pop()),
            // A range.
            (Token::Sign('['), _) => at += until(rest, ']').len(),
            _ => {}
        }
    }
    names
}

/// Whether what follows `before` is the label that a Grafana variable has the values of.
fn is_label_of(open: Option<&(&str, Vec<&str>)>, before: &[Token]) -> bool {
    let is_variable = open.is_some_and(|(function, _)| *function == "label_values");
    is_variable && before.last() == Some(&Token::Sign(','))
}

fn until(tokens: &[Token], end: char) -> &[Token] {
    let length = tokens.iter().position(|token| *token == Token::Sign(end));
    &tokens[..length.unwrap_or(tokens.len())]
}

fn words(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens.iter().filter_map(|token| match token {
        Token::Word(word) if !word.starts_with('$') => Some(word.clone()),
        _ => None,
    })
}

/// Of a metric: neither a number, a duration, a keyword nor a variable of Grafana.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !KEYWORDS.contains(&&*word.to_lowercase())
}

fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let length = text(rest);
                tokens.push(Token::Text(rest[1..length - 1].to_owned()));
                length
            }
            // `${…}` is one word.
            '$' if rest.starts_with("${") => rest.find('}').map_or(rest.len(), |end| end + 1),
            _ if is_of_word(first) => {
                let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..length].to_owned()));
                length
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token::Sign(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "_:.$".contains(c)
}

/// How long the quoted text is that `rest` begins with.
fn text(rest: &str) -> usize {
    let quote = rest.chars().next();
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if Some(c) == quote => return at + 1,
            _ => {}
        }
    }
    panic!("a text without end in {rest}");
}
