use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Connector, FilesConnector, FilesOptions, PathBuf, Purpose};
use crate::task::DataObject;
use crate::task::testing::{block_on, request};

struct World {
    folder: Folder,
    connector: FilesConnector,
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind lies in the system's own place for that.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl World {
    /// A root with these files, beside which lies a secret.
    fn new(files: &[(&str, &str)]) -> World {
        let name = format!("stepstream-files-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir(&folder.0).expect("it can be made");
        fs::write(folder.0.join("secret"), "secret").expect("it can be written");
        let root = folder.0.join("root");
        fs::create_dir(&root).expect("it can be made");
        for (name, content) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(path, content).expect("it can be written");
        }
        let connector = FilesConnector::new(FilesOptions { root, timeout: Duration::from_secs(10) });
        World { folder, connector: connector.expect("the root exists") }
    }

    fn call(&self, purpose: Purpose, parameters: &Value) -> Result<String, String> {
        let mut request = request("arn:aws:states:::s3:getObject", parameters.to_string().as_bytes());
        request.purpose = purpose;
        match block_on(self.connector.call(request)) {
            Ok(bytes) => Ok(String::from_utf8(bytes).expect("it is text")),
            Err(failure) => Err(failure.cause.expect("failures have causes")),
        }
    }

    fn read(&self, bucket: &str, key: &str) -> Result<String, String> {
        self.call(Purpose::ReadObject { max_bytes: 10 }, &json!({"Bucket": bucket, "Key": key}))
    }

    fn list(&self, parameters: &Value, max_entries: usize) -> Result<Vec<Value>, String> {
        let listed = self.call(Purpose::ListObjects { max_entries }, parameters)?;
        Ok(serde_json::from_str(&listed).expect("it is an array"))
    }

    fn keys(&self, parameters: &Value, max_entries: usize) -> Vec<String> {
        let entries = self.list(parameters, max_entries).expect("it can be listed");
        entries.iter().map(|entry| entry["Key"].as_str().expect("a text").to_owned()).collect()
    }

    fn write(&self, bucket: &str, key: &str, body: &str) -> Result<String, String> {
        let object = DataObject { key: key.to_owned(), body: body.as_bytes().to_vec(), records: Vec::new() };
        self.call(Purpose::WriteObjects(vec![object]), &json!({"Bucket": bucket, "Prefix": "not looked at"}))
    }
}

#[test]
fn objects_are_files_in_the_buckets_folder() {
    let world = World::new(&[("b/items.json", "[1, 2]"), ("b/deep/ä r.csv", "a\n1\n"), ("b/large", "12345678901")]);
    assert_eq!(world.read("b", "items.json").as_deref(), Ok("[1, 2]"));
    assert_eq!(world.read("b", "deep/ä r.csv").as_deref(), Ok("a\n1\n"));
    for (bucket, key, cause) in [
        ("b", "no.json", "The specified key does not exist: b/no.json"),
        ("no", "items.json", "The specified key does not exist: no/items.json"),
        ("b", "items.json/x", "The specified key does not exist: b/items.json/x"),
        ("b", "deep", "The specified key does not exist: b/deep is not a file"),
        ("b", "large", "The object b/large has more than 10 bytes, the most that max_dataset_bytes allows."),
    ] {
        assert_eq!(world.read(bucket, key), Err(cause.to_owned()), "{bucket} {key}");
    }
    let without_key = world.call(Purpose::ReadObject { max_bytes: 10 }, &json!({"Bucket": "b"}));
    assert_eq!(without_key, Err("The parameters have no Key.".to_owned()));
}

#[test]
fn nothing_leaves_the_root() {
    let world = World::new(&[("b/x", "x")]);
    let absolute = world.folder.0.join("secret").to_string_lossy().into_owned();
    for (bucket, key) in [
        ("b", "../../secret"),
        ("b", "../b/x"),
        ("b", "./x"),
        ("b", "y//x"),
        ("b", "x/"),
        ("b", ""),
        ("b", absolute.as_str()),
        ("..", "secret"),
        (".", "b/x"),
        ("", "b/x"),
        ("b/../..", "secret"),
        ("b", "x\0"),
    ] {
        for outcome in [world.read(bucket, key), world.write(bucket, key, "overwritten")] {
            let cause = outcome.expect_err("it is refused");
            assert!(cause.contains("is no name of a bucket, folder or object"), "{bucket:?} {key:?}: {cause}");
        }
    }
    assert!(world.list(&json!({"Bucket": ".."}), 9).is_err());
    assert_eq!(world.keys(&json!({"Bucket": "b", "Prefix": "../"}), 9), Vec::<String>::new());
    assert_eq!(fs::read_to_string(world.folder.0.join("secret")).expect("it is there"), "secret");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_neither_followed_nor_listed() {
    use std::os::unix::fs::symlink;
    let world = World::new(&[("b/x", "x")]);
    let root = world.folder.0.join("root");
    for (link, target) in [("b/out", "../../secret"), ("b/up", "../.."), ("linked", "b"), ("b/own", "x")] {
        symlink(target, root.join(link)).expect("it can be made");
    }
    for (bucket, key) in [("b", "out"), ("b", "up/secret"), ("linked", "x"), ("b", "own")] {
        for outcome in [world.read(bucket, key), world.write(bucket, key, "overwritten")] {
            let cause = outcome.expect_err("it is refused");
            assert!(cause.contains("is a symbolic link, and none is followed"), "{bucket} {key}: {cause}");
        }
    }
    assert_eq!(world.keys(&json!({"Bucket": "b"}), 9), ["x"]);
    assert!(world.list(&json!({"Bucket": "linked"}), 9).is_err());
    assert_eq!(fs::read_to_string(world.folder.0.join("secret")).expect("it is there"), "secret");
}

#[test]
fn listings_are_sorted_by_key_and_begin_with_the_prefix() {
    let files = ["b/a/2", "b/a/10", "b/a-b", "b/a.txt", "b/c/d/e", "other/z"];
    let world = World::new(&files.map(|name| (name, "123")));
    assert_eq!(world.keys(&json!({"Bucket": "b"}), 99), ["a-b", "a.txt", "a/10", "a/2", "c/d/e"]);
    for (prefix, expected) in
        [("a/", vec!["a/10", "a/2"]), ("c/d", vec!["c/d/e"]), ("a/1", vec!["a/10"]), ("x", vec![])]
    {
        assert_eq!(world.keys(&json!({"Bucket": "b", "Prefix": prefix}), 99), expected, "{prefix}");
    }
    assert_eq!(world.keys(&json!({"Bucket": "b"}), 3), ["a-b", "a.txt", "a/10"]);

    let entries = world.list(&json!({"Bucket": "other"}), 99).expect("it can be listed");
    let names: Vec<&String> = entries[0].as_object().expect("an object").keys().collect();
    assert_eq!(names, ["Etag", "LastModified", "Key", "Size", "StorageClass"]);
    assert_eq!((&entries[0]["Size"], &entries[0]["StorageClass"]), (&json!(3), &json!("STANDARD")));
    assert!(entries[0]["LastModified"].as_u64().is_some_and(|seconds| seconds > 1_700_000_000));
    let none = world.list(&json!({"Bucket": "none"}), 99);
    assert_eq!(none, Err("The specified bucket does not exist: none".to_owned()));
}

#[test]
fn objects_are_written_whole_into_folders_made_for_them() {
    let world = World::new(&[("b/x", "before")]);
    for key in ["x", "prefix/run/manifest.json"] {
        assert_eq!(world.write("b", key, "[9]").as_deref(), Ok("null"));
        assert_eq!(world.read("b", key).as_deref(), Ok("[9]"));
    }
    assert_eq!(world.write("new", "y", "").as_deref(), Ok("null"));
    assert_eq!(world.keys(&json!({"Bucket": "b"}), 9), ["prefix/run/manifest.json", "x"], "nothing else is left");
    let cause = world.write("b", "x/y", "[9]").expect_err("x is a file");
    assert!(cause.starts_with("The object b/x/y can't be written"), "{cause}");
}

#[test]
fn tasks_are_refused_and_so_is_a_root_that_is_no_folder() {
    let world = World::new(&[]);
    let cause = world.call(Purpose::Task, &json!({})).expect_err("it is refused");
    assert_eq!(cause, "The files connector serves ItemReader and ResultWriter of Map states, not Task states.");
    for name in ["secret", "missing"] {
        let options = FilesOptions { root: world.folder.0.join(name), timeout: Duration::from_secs(1) };
        let error = FilesConnector::new(options).expect_err("it is no folder").to_string();
        assert!(error.contains("can't be used") && error.contains(name), "{error}");
    }
}
