//! Folders of throwaway certificates, made by the script `tests/support/certificates`, whose first
//! lines say what is in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of certificates and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// The certificates in a folder. Where it is missing or empty it is filled.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, String> {
        let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
        if !folder.join("ca.pem").exists() {
            let named =
                std::env::var_os("REDISCLUSTER_CERTIFICATES").filter(|path| !path.is_empty());
            let program = match named {
                Some(path) => PathBuf::from(path),
                None => Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates"),
            };
            let output = Command::new(&program).arg(&folder).output();
            let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).trim().to_string());
            }
        }
        Ok(Self { folder })
    }

    /// The folder itself, an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a file in it: `ca.pem`, `client.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The certificate and the key of this name. The error says that there are none.
    pub fn pair(&self, name: &str) -> Result<(PathBuf, PathBuf), String> {
        let pair = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        if pair.0.is_file() && pair.1.is_file() {
            return Ok(pair);
        }
        Err(format!("{} holds no {name}.pem with {name}.key", self.folder.display()))
    }
}

/// Certificates in a folder of their own, which is removed with this.
pub struct Throwaway(Certificates);

impl Throwaway {
    /// Makes them.
    pub fn new() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Named like the folders of clusters: those that a killed process leaves are swept with them.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rediscluster-test-{}-certificates-{number}", std::process::id());
        Certificates::open(std::env::temp_dir().join(name)).map(Self)
    }
}

impl std::ops::Deref for Throwaway {
    type Target = Certificates;

    fn deref(&self) -> &Certificates {
        &self.0
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0.folder);
    }
}
