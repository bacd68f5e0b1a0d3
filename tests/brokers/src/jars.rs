//! Apache Kafka itself: the jars of a pinned version, fetched once through Maven and checked by digest in every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{Process, tail};
use crate::{cache, host, note};

/// The versions that the tests run against: the last 3.x and the newest 4.x whose parts are all on Maven Central.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 3.9.2
    V3_9,
    /// 4.3.1
    V4_3,
}

impl Version {
    /// Both, oldest first.
    pub const ALL: [Version; 2] = [Version::V3_9, Version::V4_3];

    /// The version number in full.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Version::V3_9 => "3.9.2",
            Version::V4_3 => "4.3.1",
        }
    }

    /// Digests of all jars, in the format of `sha256sum`.
    fn lock(self) -> &'static str {
        match self {
            Version::V3_9 => include_str!("../jars-3.9.2.sha256"),
            Version::V4_3 => include_str!("../jars-4.3.1.sha256"),
        }
    }
}

/// The jars of one version, present and checked.
#[derive(Clone, Debug)]
pub struct Jars {
    /// Which version these are.
    pub version: Version,
    folder: PathBuf,
}

/// Versions checked by this process.
static CHECKED: Mutex<Vec<Version>> = Mutex::new(Vec::new());

impl Jars {
    /// Finds the jars in the cache, or fetches them, and compares every digest (once per process).
    ///
    /// # Errors
    /// When they cannot be fetched, or a digest is not the one of the checked-in list.
    pub fn get(version: Version) -> Result<Jars> {
        let folder = cache::folder(&format!("kafka-{}", version.number()))?;
        let jars = Jars { version, folder };
        let Ok(mut checked) = CHECKED.lock() else { bail!("another thread failed while it checked the jars") };
        if checked.contains(&version) {
            return Ok(jars);
        }
        let _lock = cache::lock(&jars.folder)?;
        if !jars.list().all(|(_, name)| jars.folder.join(name).is_file()) {
            jars.fetch()?;
        }
        check(&jars.folder, jars.list())?;
        checked.push(version);
        Ok(jars)
    }

    /// What Java's `-cp` takes: exactly the listed jars, whatever else lies in the folder.
    #[must_use]
    pub fn classpath(&self) -> String {
        let paths: Vec<String> = self.list().map(|(_, name)| self.folder.join(name).display().to_string()).collect();
        paths.join(":")
    }

    /// Pairs of digest and file name.
    fn list(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.version.lock().lines().filter_map(|line| line.split_once("  "))
    }

    fn fetch(&self) -> Result<()> {
        let number = self.version.number();
        host::java()?;
        let maven = host::need("mvn", &["maven", "openjdk-17-jre-headless"])?;
        let total = self.list().count();
        note(&format!(
            "fetching Apache Kafka {number} through Maven: {total} jars, about 60 MB, kept in {}",
            self.folder.display()
        ));
        let project = crate::scratch::Scratch::new("maven")?;
        fs::write(project.path().join("pom.xml"), pom(number)).context("cannot write the Maven project")?;
        let log = project.path().join("log");
        let mut command = Command::new(maven);
        command
            .args(["-B", "-ntp", "dependency:copy-dependencies"])
            .arg(format!("-DoutputDirectory={}", self.folder.display()))
            .current_dir(project.path())
            .stdin(Stdio::null());
        let mut process = Process::start("mvn", &mut command, &log)?;
        let mut said = 0;
        process.wait_for("the jars", Duration::from_secs(1200), |process| {
            let present = self.list().filter(|(_, name)| self.folder.join(name).is_file()).count();
            if present >= said + 20 {
                said = present;
                note(&format!("  {present} of {total} jars"));
            }
            match process.ended()? {
                Some(status) if status.success() => Ok(true),
                Some(_) => bail!("Maven could not fetch Apache Kafka {number}:\n{}", tail(&process.log(), 20)),
                None => Ok(false),
            }
        })
    }
}

/// Compares every file of the list.
fn check<'a>(folder: &Path, list: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    for (digest, name) in list {
        let path = folder.join(name);
        let found = cache::sha256(&path)?;
        if found != digest {
            bail!(
                "{} has SHA-256 {found}, not {digest} of the checked-in list: it is not the file that was reviewed; delete it \
                 and run again, and if it comes back like this, find out why before you use it",
                path.display()
            );
        }
    }
    Ok(())
}

/// A project whose dependencies are the broker, the tools and a logger.
fn pom(number: &str) -> String {
    let dependency = |group: &str, artifact: &str, version: &str| {
        // Kafka 3.9 brings a second logger, which makes the first one fall silent.
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version><exclusions>\
             <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion></exclusions></dependency>\n"
        )
    };
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>tidegate</groupId><artifactId>kafka-jars</artifactId><version>1</version><dependencies>\n{}{}{}\
         </dependencies></project>\n",
        dependency("org.apache.kafka", "kafka_2.13", number),
        dependency("org.apache.kafka", "kafka-tools", number),
        dependency("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_jar_is_named() {
        let scratch = crate::scratch::Scratch::new("jars").unwrap();
        fs::write(scratch.path().join("a.jar"), "abc").unwrap();
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(scratch.path(), [(right, "a.jar")].into_iter()).unwrap();
        fs::write(scratch.path().join("a.jar"), "abd").unwrap();
        let error = check(scratch.path(), [(right, "a.jar")].into_iter()).unwrap_err().to_string();
        assert!(error.contains("a.jar") && error.contains(right), "{error}");
    }

    #[test]
    fn the_lists_name_broker_and_tools() {
        for version in Version::ALL {
            let names: Vec<&str> =
                version.lock().lines().filter_map(|line| line.split_once("  ")).map(|pair| pair.1).collect();
            let number = version.number();
            for part in ["kafka_2.13", "kafka-tools", "kafka-clients"] {
                assert!(names.contains(&format!("{part}-{number}.jar").as_str()), "{part} {number}");
            }
        }
    }
}
