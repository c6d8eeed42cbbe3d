//! Files that change between two reads.

use std::cell::Cell;
use std::env::temp_dir;
use std::fs;
use std::path::PathBuf;
use std::process;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A folder with a certificate and its key, removed when it is dropped.
struct Folder(PathBuf);

struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key);
        Self {
            certificate: certificate.unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Folder {
    fn of(name: &str, pair: &Pair) -> Self {
        let folder = Self(temp_dir().join(format!("metrics-endpoint-{name}-{}", process::id())));
        fs::create_dir_all(&folder.0).unwrap();
        folder.write("tls.crt", &pair.certificate);
        folder.write("tls.key", &pair.key);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn files(&self) -> TlsFiles {
        TlsFiles::new(self.0.join("tls.crt"), self.0.join("tls.key"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Loads the old pair, and then what is there if `change` is called before each read with its number.
fn load(name: &str, change: impl Fn(usize, &Folder, &Pair)) -> (Result<(), TlsError>, bool) {
    let (old, new) = (Pair::new(), Pair::new());
    let folder = Folder::of(name, &old);
    let loaded = Loaded::new(&folder.files()).unwrap();
    let reads = Cell::new(0);
    let next = loaded.next_by(&folder.files(), &|path| {
        reads.set(reads.get() + 1);
        change(reads.get(), &folder, &new);
        read(path)
    });
    let is_new = |loaded: &Loaded| loaded.contents.key == new.key.as_bytes();
    let found = next
        .as_ref()
        .is_ok_and(|next| next.as_ref().is_some_and(is_new));
    (next.map(drop), found)
}

#[test]
fn files_that_are_replaced_between_two_reads_are_read_again() {
    let (result, found) = load("replaced", |read, folder, new| {
        // The first certificate is the old one, its key is the new one.
        if read == 2 {
            folder.write("tls.crt", &new.certificate);
            folder.write("tls.key", &new.key);
        }
    });
    assert!(result.is_ok() && found, "{result:?}");
}

#[test]
fn a_file_that_is_away_for_a_moment_is_read_again() {
    let (result, found) = load("away", |read, folder, new| {
        if read == 1 {
            fs::remove_file(folder.0.join("tls.key")).unwrap();
        } else if read == 3 {
            folder.write("tls.crt", &new.certificate);
            folder.write("tls.key", &new.key);
        }
    });
    assert!(result.is_ok() && found, "{result:?}");
}

#[test]
fn a_pair_that_stays_apart_is_an_error() {
    let (result, found) = load("apart", |_, folder, new| {
        folder.write("tls.key", &new.key);
    });
    assert!(
        matches!(result, Err(TlsError::Pair { .. })) && !found,
        "{result:?}"
    );
}
