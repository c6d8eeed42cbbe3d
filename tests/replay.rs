//! The example `replay`: what it prints, and what it says of a bad line.
//!
//! That the recorder writes what Go writes is for others to say; this is about the script.

#[cfg(test)]
#[path = "common/example.rs"]
mod example;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::example::{Ended, build, run};

static REPLAY: LazyLock<PathBuf> = LazyLock::new(|| build("replay"));

/// Runs `replay` on a script; a histogram is three lines, with one bound.
fn replay(script: &str) -> Ended {
    replay_with(&["--bounds", "1"], script.as_bytes())
}

fn replay_with(options: &[&str], script: &[u8]) -> Ended {
    let mut program = Command::new(&*REPLAY);
    program.args(options);
    run(program, script)
}

/// The samples that a good script prints, without what is the same in all of them.
#[track_caller]
fn samples(script: &str) -> Vec<String> {
    let Ended { code, out, err } = replay(script);
    assert_eq!((code, err.as_str()), (Some(0), ""), "of {script:?}");
    let lines = out.split_terminator('\n');
    let samples = lines.filter(|line| !line.starts_with("# HELP") && !line.starts_with("# TYPE"));
    samples
        .map(|line| line.trim_start_matches("gotk_").to_owned())
        .collect()
}

/// The third line is bad: the two before it have their effect, the one behind it has none.
#[track_caller]
fn assert_refused(line: &[u8], message: &str) {
    let mut script = b"suspend\tA\tb\tc\ttrue\nprint\ttext\n".to_vec();
    script.extend_from_slice(line);
    script.extend_from_slice(b"\nprint\ttext\n");
    let Ended { code, out, err } = replay_with(&[], &script);
    let line = line.escape_ascii();
    assert_eq!(err, format!("replay: line 3: {message}\n"), "on {line}");
    assert_eq!(code, Some(2), "on {line}");
    let printed = out.matches("{kind=\"A\",name=\"b\",namespace=\"c\"} 1\n");
    assert_eq!(printed.count(), 1, "on {line}:\n{out}");
}

#[test]
fn missing_field_is_named() {
    let object = ["KIND", "NAME", "NAMESPACE"];
    let statements: [(&str, &[&str]); 7] = [
        ("condition", &["TYPE", "STATUS"]),
        ("suspend", &["SUSPENDED"]),
        ("duration", &["SECONDS"]),
        ("deleted", &[]),
        ("forget", &[]),
        ("advance", &["SECONDS"]),
        ("print", &["FORMAT"]),
    ];
    for (statement, own) in statements {
        let object = if matches!(statement, "advance" | "print") {
            &[]
        } else {
            &object[..]
        };
        let mut line = statement.to_owned();
        for name in object.iter().chain(own) {
            assert_refused(line.as_bytes(), &format!("field {name} is missing"));
            line.push_str("\tx");
        }
    }
}

#[test]
fn extra_field_is_shown() {
    let lines = [
        ("condition\tA\tb\tc\tReady\tTrue", "STATUS"),
        ("suspend\tA\tb\tc\tfalse", "SUSPENDED"),
        ("duration\tA\tb\tc\t1", "SECONDS"),
        ("deleted\tA\tb\tc", "NAMESPACE"),
        ("forget\tA\tb\tc", "NAMESPACE"),
        ("advance\t1", "SECONDS"),
        ("clear", "STATEMENT"),
        ("print\ttext", "FORMAT"),
    ];
    for (line, last) in lines {
        for extra in ["more", ""] {
            let message = format!("field {extra:?} after {last} is one too many");
            assert_refused(format!("{line}\t{extra}").as_bytes(), &message);
        }
    }
}

#[test]
fn unknown_statement_is_named() {
    for statement in [
        "conditions",
        "Print",
        " print",
        "print text",
        " ",
        "\r",
        "help",
    ] {
        let message = format!("field STATEMENT: {statement:?} is not a statement");
        assert_refused(statement.as_bytes(), &message);
    }
    assert_refused(b"\tprint\ttext", "field STATEMENT: \"\" is not a statement");
}

#[test]
fn bad_value_is_shown_with_its_field() {
    for value in ["maybe", "True", "1", "", "true "] {
        let message = format!("field SUSPENDED: {value:?} is neither true nor false");
        assert_refused(format!("suspend\tA\tb\tc\t{value}").as_bytes(), &message);
    }
    for value in ["html", "Text", "", "text\r"] {
        let message = format!("field FORMAT: {value:?} is neither text nor openmetrics");
        assert_refused(format!("print\t{value}").as_bytes(), &message);
    }
    let decimals = [
        "", "abc", "-1", "+1", "1.2.3", "NaN", "inf", "1e3", "1s", ".5", "5.", "1_0", "١",
    ];
    let too_long = "18446744073709551616";
    let values = decimals.map(|value| (value, "not a decimal number of seconds"));
    let others = [
        ("1.0000000000", "finer than a nanosecond"),
        (too_long, "too long"),
    ];
    for (value, problem) in values.into_iter().chain(others) {
        let message = format!("field SECONDS: {value:?} is {problem}");
        assert_refused(format!("duration\tA\tb\tc\t{value}").as_bytes(), &message);
        assert_refused(format!("advance\t{value}").as_bytes(), &message);
    }
}

#[test]
fn bad_escape_is_shown_with_its_field() {
    let fields = ["KIND", "NAME", "NAMESPACE", "TYPE", "STATUS"];
    for (at, name) in fields.iter().enumerate() {
        let line = |bad: &[u8]| {
            let mut values = [b"x".as_slice(); 5];
            values[at] = bad;
            [b"condition\t", values.join(&b'\t').as_slice()].concat()
        };
        let message = |problem| format!("field {name}: {problem}");
        assert_refused(&line(br"a\x"), &message(r"\x is not an escape"));
        assert_refused(&line(br#"\""#), &message(r#"\\" is not an escape"#));
        assert_refused(
            &line(br"a\\\"),
            &message("the last backslash escapes nothing"),
        );
        assert_refused(&line(b"a\xff"), &message("\"a\u{fffd}\" is not UTF-8"));
    }
}

#[test]
fn statements_print_what_they_record() {
    let found = samples(
        "condition\tA\tb\tc\tReady\tTrue\n\
         suspend\tA\tb\tc\tfalse\n\
         duration\tA\tb\tc\t0.000000001\n\
         duration\tA\tb\tc\t1\n\
         duration\tA\tb\tc\t2\n\
         print\ttext\n",
    );
    let labels = r#"kind="A",name="b",namespace="c""#;
    let expected = [
        format!(r#"reconcile_condition{{{labels},status="Deleted",type="Ready"}} 0"#),
        format!(r#"reconcile_condition{{{labels},status="False",type="Ready"}} 0"#),
        format!(r#"reconcile_condition{{{labels},status="True",type="Ready"}} 1"#),
        format!(r#"reconcile_condition{{{labels},status="Unknown",type="Ready"}} 0"#),
        format!(r#"reconcile_duration_seconds_bucket{{{labels},le="1"}} 2"#),
        format!(r#"reconcile_duration_seconds_bucket{{{labels},le="+Inf"}} 3"#),
        format!(r"reconcile_duration_seconds_sum{{{labels}}} 3.000000001"),
        format!(r"reconcile_duration_seconds_count{{{labels}}} 3"),
        format!(r"suspend_status{{{labels}}} 0"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn openmetrics_ends_with_eof() {
    let found = samples("suspend\tA\t\t\ttrue\nprint\topenmetrics\nclear\nprint\topenmetrics\n");
    let line = r#"suspend_status{kind="A",name="",namespace=""} 1.0"#;
    assert_eq!(found, [line, "# EOF", "# EOF"]);
}

#[test]
fn status_that_is_neither_true_nor_false_is_unknown() {
    for status in ["Unknown", "", "true", "Deleted", "False "] {
        let found = samples(&format!(
            "condition\tA\tb\tc\tReady\t{status}\nprint\ttext\n"
        ));
        let current: Vec<_> = found.iter().filter(|line| line.ends_with(" 1")).collect();
        assert!(
            current.len() == 1 && current[0].contains("status=\"Unknown\""),
            "{found:?}"
        );
    }
}

#[test]
fn escapes_and_odd_characters_reach_the_label() {
    let found = samples("suspend\tA\\n\\t\\\\\tb\rc\"\t é\ttrue\nprint\ttext\n");
    let line = "suspend_status{kind=\"A\\n\t\\\\\",name=\"b\rc\\\"\",namespace=\" é\"} 1";
    assert_eq!(found, [line]);
}

#[test]
fn comments_and_empty_lines_do_nothing() {
    let script = b"\n#\n#\tx\\y\xff\n\nsuspend\tA\tb\tc\ttrue\n# print\ttext\nprint\ttext";
    let Ended { code, out, err } = replay_with(&[], script);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.matches("# HELP ").count(), 1, "{out}");
    let nothing = Ended {
        code: Some(0),
        out: String::new(),
        err: String::new(),
    };
    assert_eq!(replay(""), nothing);
    assert_eq!(replay("print\ttext\n"), nothing);
}

#[test]
fn forget_and_clear_remove_at_once() {
    let two = "suspend\tA\tb\tc\ttrue\nsuspend\tA\tB\tc\ttrue\n";
    let left = samples(&format!(
        "{two}forget\tA\tb\tc\nforget\tA\tx\tc\nprint\ttext\n"
    ));
    assert_eq!(
        left,
        [r#"suspend_status{kind="A",name="B",namespace="c"} 1"#]
    );
    assert_eq!(samples(&format!("{two}clear\nprint\ttext\n")), [""; 0]);
}

/// How many series are left at `age` after a deletion.
#[track_caller]
fn series_left(options: &[&str], age: &str) -> usize {
    let script = format!(
        "advance\t7\nsuspend\tA\tb\tc\ttrue\ncondition\tA\tb\tc\tReady\tTrue\n\
         deleted\tA\tb\tc\nadvance\t{age}\ndeleted\tA\tb\tc\nprint\ttext\n"
    );
    let Ended { code, out, err } = replay_with(options, script.as_bytes());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let deleted = r#"status="Deleted",type="Ready"} 1"#;
    assert_eq!(out.contains(deleted), !out.is_empty(), "{out}");
    out.matches("\ngotk_").count()
}

#[test]
fn deleted_object_expires_at_the_end_of_the_grace() {
    assert_eq!(series_left(&[], "299.999999999"), 5);
    assert_eq!(series_left(&[], "300"), 0);
    assert_eq!(series_left(&["--grace=2.5"], "2.499999999"), 5);
    assert_eq!(series_left(&["--grace", "2.5"], "2.5"), 0);
    assert_eq!(series_left(&["--grace", "0"], "0"), 0);
}

#[test]
fn bounds_are_those_asked_for() {
    let script = b"duration\tA\tb\tc\t2\nprint\ttext\n";
    let bounds = |options: &[&str]| {
        let out = replay_with(options, script).out;
        let bounds = out.split("le=\"").skip(1);
        let bounds = bounds.filter_map(|rest| rest.split('"').next());
        bounds.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        bounds(&["--bounds", "1e-8,2.50,1e6"]),
        ["1e-08", "2.5", "1e+06", "+Inf"]
    );
    assert_eq!(bounds(&["--bounds=3600,+Inf"]), ["3600", "+Inf"]);
    assert_eq!(bounds(&[]).len(), 11);
}

#[test]
fn bad_option_is_named() {
    let cases: [(&[&str], &str); 10] = [
        (&["--bounds", "1,x"], "--bounds: \"x\" is not a number"),
        (&["--bounds="], "--bounds: \"\" is not a number"),
        (
            &["--bounds", "2,1"],
            "--bounds: histogram bound 1 at position 1 is not above the one before",
        ),
        (
            &["--bounds", "NaN"],
            "--bounds: histogram bound NaN at position 0 is not finite",
        ),
        (&["--bounds", "inf"], "--bounds: no histogram bounds given"),
        (
            &["--grace", "-1"],
            "--grace: \"-1\" is not a decimal number of seconds",
        ),
        (
            &["--grace=5m"],
            "--grace: \"5m\" is not a decimal number of seconds",
        ),
        (&["--grace"], "missing argument for option '--grace'"),
        (&["--speed", "2"], "invalid option '--speed'"),
        (&["script"], "unexpected argument \"script\""),
    ];
    for (options, message) in cases {
        let Ended { code, out, err } = replay_with(options, b"print\topenmetrics\n");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{options:?}");
        assert_eq!(err, format!("replay: {message}\n"), "{options:?}");
    }
}

#[test]
fn nothing_but_flux_families_is_printed() {
    let mut script = String::new();
    for number in 0..20 {
        // More types than a recorder has room for, which it would count in a family of its own.
        writeln!(script, "condition\tA\tb\tc\tType{number}\tTrue").unwrap();
    }
    let found = samples(&(script + "print\ttext\n"));
    assert_eq!(found.len(), 4 * 13);
}

#[test]
fn any_number_of_objects_is_printed() {
    let objects = 100_001;
    let script: String = (0..objects)
        .map(|number| format!("suspend\tA\t{number}\tc\ttrue\n"))
        .chain(["print\ttext\n".to_owned()])
        .collect();
    assert_eq!(samples(&script).len(), objects);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut program = Command::new(&*REPLAY);
    program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"print\topenmetrics\n").unwrap();
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), &*err), (Some(0), ""));
}

#[test]
fn tour_prints_what_the_index_shows() {
    let index = include_str!("../examples/README.md");
    let shown = index.split("```prometheus\n").nth(1).unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let tour = include_bytes!("../examples/replay/tour.script");
    assert_eq!(replay_with(&["--bounds", "1,60"], tour).out, shown);
}
