//! Authorities, what they sign, and a folder that changes as a mounted Secret does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For `localhost`, or for whoever presents it.
    pub(crate) fn issue(&self) -> Pair {
        let params = CertificateParams::new([String::from("localhost")]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A Secret as the kubelet mounts it: files that are links through `..data`, which is exchanged.
pub(crate) struct Secret {
    root: PathBuf,
    version: AtomicU32,
}

impl Secret {
    pub(crate) fn mount(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("gotk-metrics-tls-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir(&root).unwrap();
        let secret = Self {
            root,
            version: AtomicU32::new(0),
        };
        secret.write(files);
        for (name, _) in files {
            symlink(Path::new("..data").join(name), secret.path(name)).unwrap();
        }
        secret
    }

    pub(crate) fn of(pair: &Pair) -> Self {
        Self::mount(&[("tls.crt", &pair.certificate), ("tls.key", &pair.key)])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Exchanges all files at once.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        let folder = format!("..{version}");
        fs::create_dir(self.path(&folder)).unwrap();
        for (name, text) in files {
            fs::write(self.path(&folder).join(name), text).unwrap();
        }
        symlink(&folder, self.path("..data_tmp")).unwrap();
        fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
        if let Some(old) = version.checked_sub(1) {
            fs::remove_dir_all(self.path(&format!("..{old}"))).unwrap();
        }
    }

    pub(crate) fn rotate(&self, pair: &Pair) {
        self.write(&[("tls.crt", &pair.certificate), ("tls.key", &pair.key)]);
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}
