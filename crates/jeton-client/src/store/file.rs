//! A folder as a store.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use futures_channel::oneshot;
use sha2::{Digest, Sha256};

use super::{Store, Stored, Version};
use crate::{error::Unavailable, runtime::BoxFuture};

/// A [`Store`] in a folder, for all processes of a machine that share it.
///
/// A value is a file, replaced whole, so that none is ever read in part; whoever replaces holds the
/// lock of the operating system on the folder's `lock`, which ends with its process. On Unix no other
/// user can read what it makes. The file system has to be of this machine: over a network such locks
/// may hold or not.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// In `folder`, which is made where it is not there.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }
}

impl Store for FileStore {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Unavailable>> {
        let path = self.folder.join(file_name(name));
        Box::pin(aside(move || read(&path)))
    }

    fn set<'a>(
        &'a self,
        name: &'a str,
        value: Option<Vec<u8>>,
        expected: Option<Version>,
    ) -> BoxFuture<'a, Result<bool, Unavailable>> {
        let (folder, name) = (self.folder.clone(), file_name(name));
        Box::pin(aside(move || {
            make_folder(&folder)?;
            // Unlocked where it is closed, at the latest with the process.
            let lock = private()
                .create(true)
                .write(true)
                .truncate(false)
                .open(folder.join("lock"))?;
            lock.lock()?;
            let path = folder.join(&name);
            let stands = read(&path)?.map(|stored| stored.version);
            if stands != expected {
                return Ok(false);
            }
            match value {
                Some(value) => replace(&folder.join(format!("{name}.new")), &path, &value)?,
                None => remove(&path)?,
            }
            sync(&folder)?;
            Ok(true)
        }))
    }
}

/// Does what blocks in a thread of its own: whatever runtime there is goes on.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Unavailable> {
    let (done, answer) = oneshot::channel();
    let unavailable = |error: io::Error| Unavailable(format!("the folder of sessions: {error}"));
    std::thread::Builder::new()
        .spawn(move || done.send(work()))
        .map_err(unavailable)?;
    match answer.await {
        Ok(answer) => answer.map_err(unavailable),
        Err(oneshot::Canceled) => Err(unavailable(io::Error::other("its thread ended"))),
    }
}

/// A name that any file system tells from any other.
fn file_name(name: &str) -> String {
    hex(&Sha256::digest(name))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is sealed is never the same twice, so its hash is a version.
fn read(path: &Path) -> io::Result<Option<Stored>> {
    match fs::read(path) {
        Ok(value) => {
            let version = Version(hex(&Sha256::digest(&value)));
            Ok(Some(Stored { value, version }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes beside it, to the disk, and puts that in its place in one step.
fn replace(beside: &Path, path: &Path, value: &[u8]) -> io::Result<()> {
    let mut file: File = private()
        .create(true)
        .write(true)
        .truncate(true)
        .open(beside)?;
    file.write_all(value)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Writes the names in a folder to the disk.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_folder() {
        let folder = tempfile::tempdir().unwrap();
        super::super::contract(&FileStore::new(folder.path().join("new/one"))).await;
    }

    #[tokio::test]
    async fn one_of_many_replaces() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20_u8 {
            let before = FileStore::new(folder.path()).get("a").await.unwrap();
            let before = before.map(|stored| stored.version);
            let stores: Vec<_> = (0..8).map(|_| FileStore::new(folder.path())).collect();
            let all = stores
                .iter()
                .zip(0..)
                .map(|(store, writer)| store.set("a", Some(vec![round, writer]), before.clone()));
            let won = join_all(all)
                .await
                .into_iter()
                .filter(|won| *won == Ok(true))
                .count();
            assert_eq!(won, 1);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("sessions");
        FileStore::new(&folder)
            .set("a", Some(vec![1]), None)
            .await
            .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(file_name("a"))), 0o600);
    }

    #[tokio::test]
    async fn says_what_is_wrong() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let store = FileStore::new(file.path());
        assert!(store.set("a", Some(vec![1]), None).await.is_err());
    }
}
