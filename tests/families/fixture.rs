//! What the families are expected to be.
//!
//! Reads the fixture and knows nothing of the crate.

const FIXTURE: &str = include_str!("../fixtures/controller-families.txt");

/// One block of the fixture.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// That of a counter ends in `_total`.
    pub(crate) name: &'static str,
    pub(crate) family_type: &'static str,
    pub(crate) help: &'static str,
    pub(crate) labels: Vec<&'static str>,
    /// A label, and all its values.
    pub(crate) values: Option<(&'static str, Vec<&'static str>)>,
    pub(crate) bounds: Vec<&'static str>,
    /// Whether a controller has it at 0 before its first attempt has ended; `None` if it is not a controller's.
    pub(crate) begins: Option<bool>,
    needs: &'static str,
}

impl Expected {
    /// Whether somebody can have it with the features of this test.
    pub(crate) fn is_available(&self) -> bool {
        match self.needs {
            "" => true,
            "client" => cfg!(feature = "client"),
            "kube" => cfg!(feature = "kube"),
            "process" => cfg!(all(feature = "process", target_os = "linux")),
            other => panic!("no feature {other}"),
        }
    }
}

/// All families, in the order of their names.
pub(crate) fn expected() -> Vec<Expected> {
    let blocks = FIXTURE.split("\n\n").skip(1);
    blocks.map(|block| expected_of(block.trim_end())).collect()
}

#[track_caller]
pub(crate) fn expected_called(name: &str) -> Expected {
    let mut all = expected().into_iter();
    let found = all.find(|expected| expected.name == name);
    found.unwrap_or_else(|| panic!("{name} is not in the fixture"))
}

fn expected_of(block: &'static str) -> Expected {
    let (name, lines) = block.split_once('\n').unwrap();
    let mut expected = Expected {
        name,
        ..Expected::default()
    };
    for line in lines.lines() {
        let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = rest.split_whitespace();
        match key {
            "type" => expected.family_type = rest,
            "help" => expected.help = rest,
            "labels" => expected.labels = words.collect(),
            "values" => expected.values = words.next().map(|label| (label, words.collect())),
            "bounds" => expected.bounds = words.collect(),
            "begins" => expected.begins = Some(rest == "0"),
            "needs" => expected.needs = rest,
            _ => panic!("{line} of {name}"),
        }
    }
    expected
}
