//! Where the servers' programs are.

use std::path::PathBuf;

/// Which server the cluster is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `redis-server` from PATH, or what REDISCLUSTER_REDIS_SERVER names.
    Redis,
    /// What REDISCLUSTER_VALKEY_SERVER names, `valkey-server` from PATH, or what
    /// `scripts/install valkey` put into the user's cache.
    Valkey,
}

impl Server {
    /// The server's program. The error says how to get it.
    pub fn program(self) -> Result<PathBuf, String> {
        let (variable, name) = match self {
            Self::Redis => ("REDISCLUSTER_REDIS_SERVER", "redis-server"),
            Self::Valkey => ("REDISCLUSTER_VALKEY_SERVER", "valkey-server"),
        };
        if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return match path.is_file() {
                true => Ok(path),
                false => Err(format!("{variable} names {}, which is no file", path.display())),
            };
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&folders).collect();
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        places.extend(cache.or(home).map(|cache| cache.join("rediscluster")));
        places.into_iter().map(|place| place.join(name)).find(|path| path.is_file()).ok_or(
            match self {
                Self::Redis => "redis-server is not installed: run scripts/install demo".into(),
                Self::Valkey => "valkey-server is not installed: run scripts/install valkey".into(),
            },
        )
    }
}
