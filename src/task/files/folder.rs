//! Files below one folder, and no others.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;

use super::super::place::check_name;

/// Folders within folders that a listing goes down to.
const MAX_DEPTH: usize = 64;

/// A folder whose folders are buckets.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

/// An entry of a listing, as S3's `listObjectsV2` has it.
#[derive(Debug, Serialize)]
pub(super) struct Object {
    #[serde(rename = "Etag")]
    etag: String,
    /// Seconds since the Unix epoch.
    #[serde(rename = "LastModified")]
    last_modified: u64,
    #[serde(rename = "Key")]
    pub(super) key: String,
    /// Bytes.
    #[serde(rename = "Size")]
    size: u64,
    #[serde(rename = "StorageClass")]
    storage_class: &'static str,
}

/// What went wrong, for people.
type Cause = String;

impl Folder {
    pub(super) fn new(root: PathBuf) -> Folder {
        Folder { root }
    }

    /// The bytes of a file.
    pub(super) fn read(&self, bucket: &str, key: &str, max_bytes: usize) -> Result<Vec<u8>, Cause> {
        let path = self.resolve(bucket, key)?;
        let fault = |error: io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                format!("The specified key does not exist: {bucket}/{key}")
            }
            _ => format!("The object {bucket}/{key} can't be read: {error}"),
        };
        // Opening a pipe would wait for its writer.
        if !fs::symlink_metadata(&path).map_err(fault)?.is_file() {
            return Err(format!("The specified key does not exist: {bucket}/{key} is not a file"));
        }
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let mut file = File::open(&path).map_err(fault)?.take(limit.saturating_add(1));
        file.read_to_end(&mut bytes).map_err(fault)?;
        if bytes.len() > max_bytes {
            return Err(format!(
                "The object {bucket}/{key} has more than {max_bytes} bytes, the most that max_dataset_bytes allows."
            ));
        }
        Ok(bytes)
    }

    /// The files of a bucket whose keys begin with the prefix, sorted by key.
    pub(super) fn list(&self, bucket: &str, prefix: &str, max_entries: usize) -> Result<Vec<Object>, Cause> {
        check_name(bucket)?;
        let folder = self.root.join(bucket);
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
        if !is_folder {
            return Err(format!("The specified bucket does not exist: {bucket}"));
        }
        let mut objects = Vec::new();
        let mut lister = Lister { prefix, max_entries, objects: &mut objects };
        lister.list(&folder, "", 0).map_err(|error| format!("The bucket {bucket} can't be listed: {error}"))?;
        Ok(objects)
    }

    /// Writes a file whole: under a passing name first.
    pub(super) fn write(&self, bucket: &str, key: &str, body: &[u8]) -> Result<(), Cause> {
        let path = self.resolve(bucket, key)?;
        let fault = |error: io::Error| format!("The object {bucket}/{key} can't be written: {error}");
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(fault)?;
        let passing = folder.join(format!(".{:032x}.part", fastrand::u128(..)));
        let written = write_new(&passing, body).and_then(|()| fs::rename(&passing, &path));
        written.map_err(|error| {
            // What is left of it helps nobody, and if it can't be removed either, the first error says why.
            let _ = fs::remove_file(&passing);
            fault(error)
        })
    }

    /// The path of an object. Whatever of it exists is no symbolic link.
    fn resolve(&self, bucket: &str, key: &str) -> Result<PathBuf, Cause> {
        check_name(bucket)?;
        let mut path = self.root.join(bucket);
        check_link(&path)?;
        for name in key.split('/') {
            check_name(name).map_err(|why| format!("The key {key:?} is refused: {why}"))?;
            path.push(name);
            check_link(&path).map_err(|why| format!("The key {key:?} is refused: {why}"))?;
        }
        Ok(path)
    }
}

fn check_link(path: &Path) -> Result<(), Cause> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Err(format!("{name:?} is a symbolic link, and none is followed"))
        }
        _ => Ok(()),
    }
}

fn write_new(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(body)?;
    file.sync_all()
}

struct Lister<'a> {
    prefix: &'a str,
    max_entries: usize,
    objects: &'a mut Vec<Object>,
}

impl Lister<'_> {
    /// Adds the files of a folder; `above` is the part of their keys that leads to it.
    fn list(&mut self, folder: &Path, above: &str, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(io::Error::other(format!("folders are nested deeper than {MAX_DEPTH} levels")));
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            // What is no UTF-8 can't be a key; links and devices are no objects.
            let Ok(name) = entry.file_name().into_string() else { continue };
            if kind.is_dir() {
                entries.push((format!("{above}{name}/"), entry.path()));
            } else if kind.is_file() {
                entries.push((format!("{above}{name}"), entry.path()));
            }
        }
        // With the slash that ends a folder's name, this is the order of the whole keys.
        entries.sort();
        for (key, path) in entries {
            if self.objects.len() >= self.max_entries {
                return Ok(());
            }
            if key.ends_with('/') {
                if key.starts_with(self.prefix) || self.prefix.starts_with(&key) {
                    self.list(&path, &key, depth + 1)?;
                }
            } else if key.starts_with(self.prefix) {
                self.add(key, &path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, key: String, path: &Path) -> io::Result<()> {
        let metadata = match fs::symlink_metadata(path) {
            // Gone since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            metadata => metadata?,
        };
        let modified =
            metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        self.objects.push(Object {
            etag: format!("\"{:x}-{:x}\"", modified.as_nanos(), metadata.len()),
            last_modified: modified.as_secs(),
            key,
            size: metadata.len(),
            storage_class: "STANDARD",
        });
        Ok(())
    }
}
