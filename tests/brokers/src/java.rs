//! Apache Kafka's own command-line tools, unmodified, with a properties file per caller.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::host;
use crate::jars::{Jars, Version};
use crate::process::{Process, tail};
use crate::scratch::Scratch;
use crate::tls::Identity;

/// The console producer of a version.
#[must_use]
pub fn console_producer(version: Version) -> &'static str {
    match version {
        Version::V3_9 => "kafka.tools.ConsoleProducer",
        Version::V4_3 => "org.apache.kafka.tools.ConsoleProducer",
    }
}

/// The console consumer.
pub const CONSOLE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
/// `kafka-topics`
pub const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
/// `kafka-producer-perf-test`
pub const PRODUCER_PERFORMANCE: &str = "org.apache.kafka.tools.ProducerPerformance";
/// `kafka-consumer-perf-test`
pub const CONSUMER_PERFORMANCE: &str = "org.apache.kafka.tools.ConsumerPerformance";
/// `kafka-get-offsets`
pub const GET_OFFSETS: &str = "org.apache.kafka.tools.GetOffsetShell";
/// `kafka-consumer-groups`
pub const CONSUMER_GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
/// `kafka-broker-api-versions`
pub const API_VERSIONS: &str = "org.apache.kafka.tools.BrokerApiVersionsCommand";

/// The options that give a tool its properties file; their names changed in 4.2 (KIP-1147).
#[must_use]
pub fn config_option(version: Version, tool: &str) -> &'static str {
    let consumes = tool == CONSOLE_CONSUMER || tool == CONSUMER_PERFORMANCE;
    let produces = tool == console_producer(version) || tool == PRODUCER_PERFORMANCE;
    match version {
        Version::V3_9 if consumes => "--consumer.config",
        Version::V3_9 if produces => "--producer.config",
        _ => "--command-config",
    }
}

/// Who a client is: lines of its properties file and what its Java machine must be told.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Lines of the properties file.
    pub properties: Vec<(String, String)>,
    /// `-D` properties.
    pub machine: Vec<(String, String)>,
}

impl Login {
    /// No login: plaintext.
    #[must_use]
    pub fn none() -> Login {
        Login::default()
    }

    /// SASL/SCRAM-SHA-512 or -256, or PLAIN, without TLS.
    #[must_use]
    pub fn password(mechanism: &str, user: &str, password: &str) -> Login {
        let module = if mechanism == "PLAIN" { "plain.PlainLoginModule" } else { "scram.ScramLoginModule" };
        let jaas =
            format!("org.apache.kafka.common.security.{module} required username=\"{user}\" password=\"{password}\";");
        Login::default()
            .with("security.protocol", "SASL_PLAINTEXT")
            .with("sasl.mechanism", mechanism)
            .with("sasl.jaas.config", &jaas)
    }

    /// SASL/OAUTHBEARER with the token in a file, without TLS.
    #[must_use]
    pub fn token_file(token: &Path) -> Login {
        let url = format!("file://{}", token.display());
        Login::bearer(&url)
    }

    /// SASL/OAUTHBEARER with client credentials at an HTTP token endpoint, without TLS.
    #[must_use]
    pub fn client_credentials(endpoint: &str, client: &str, secret: &str) -> Login {
        let jaas = format!(
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"{client}\" \
             clientSecret=\"{secret}\";"
        );
        Login::bearer(endpoint).with("sasl.jaas.config", &jaas)
    }

    fn bearer(url: &str) -> Login {
        let mut login = Login::default()
            .with("security.protocol", "SASL_PLAINTEXT")
            .with("sasl.mechanism", "OAUTHBEARER")
            .with("sasl.oauthbearer.token.endpoint.url", url)
            .with(
                "sasl.login.callback.handler.class",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            )
            .with("sasl.jaas.config", "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;");
        // Kafka 4 refuses every URL that the machine was not told of.
        login.machine.push(("org.apache.kafka.sasl.oauthbearer.allowed.urls".to_owned(), url.to_owned()));
        login
    }

    /// TLS with this authority (a PEM file); keeps the login.
    #[must_use]
    pub fn over_tls(self, authority: &Path) -> Login {
        let sasl = self.properties.iter().any(|(key, _)| key == "sasl.mechanism");
        self.with("security.protocol", if sasl { "SASL_SSL" } else { "SSL" })
            .with("ssl.truststore.type", "PEM")
            .with("ssl.truststore.location", &authority.display().to_string())
    }

    /// Shows this certificate in TLS, as a PEM key store.
    #[must_use]
    pub fn showing(self, identity: &Identity) -> Login {
        self.with("ssl.keystore.type", "PEM").with("ssl.keystore.location", &identity.both.display().to_string())
    }

    /// Sets one more property, or another value for it.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Login {
        self.properties.retain(|(name, _)| name != key);
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The properties file's text.
    #[must_use]
    pub fn text(&self) -> String {
        // In properties files a backslash begins an escape.
        let line = |(key, value): &(String, String)| format!("{key}={}\n", value.replace('\\', "\\\\"));
        self.properties.iter().map(line).collect()
    }
}

/// What a tool said.
#[derive(Debug)]
pub struct Output {
    /// Whether it ended with exit code 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error, with the log of the Java client.
    pub stderr: String,
}

impl Output {
    /// The output if the tool ended well.
    ///
    /// # Errors
    /// What it said, when it did not.
    pub fn ok(self) -> Result<Output> {
        if self.success {
            return Ok(self);
        }
        bail!("the tool failed:\n{}\n{}", tail(&self.stdout, 10), tail(&self.stderr, 20))
    }

    /// Both streams, for a search.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// One run of a tool.
#[derive(Debug)]
pub struct Tool<'a> {
    jars: &'a Jars,
    class: &'a str,
    args: Vec<String>,
    login: Login,
    stdin: Option<&'a str>,
    within: Duration,
    machine: Machine,
}

impl<'a> Tool<'a> {
    /// A run of the tool `class` against `bootstrap` as `login`, with more arguments.
    #[must_use]
    pub fn new(jars: &'a Jars, class: &'a str, bootstrap: &str, login: &Login, args: &[&str]) -> Tool<'a> {
        let mut all = vec![];
        // In 3.9 this tool takes its address from its properties only.
        let by_property = class == PRODUCER_PERFORMANCE && jars.version == Version::V3_9;
        let login = if by_property { login.clone().with("bootstrap.servers", bootstrap) } else { login.clone() };
        if !by_property {
            all.extend(["--bootstrap-server".to_owned(), bootstrap.to_owned()]);
        }
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        Tool { jars, class, args: all, login, stdin: None, within: Duration::from_secs(90), machine: Machine::Tool }
    }

    /// What the tool reads from standard input.
    #[must_use]
    pub fn stdin(mut self, text: &'a str) -> Tool<'a> {
        self.stdin = Some(text);
        self
    }

    /// The time after which it is killed (90 s unless told).
    #[must_use]
    pub fn within(mut self, within: Duration) -> Tool<'a> {
        self.within = within;
        self
    }

    /// Runs it as a benchmark does: with both compilers and a larger heap.
    #[must_use]
    pub fn measured(mut self) -> Tool<'a> {
        self.machine = Machine::Measured;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started or has to be killed; a bad exit code is in the output.
    pub fn run(self) -> Result<Output> {
        let within = self.within;
        self.start()?.finish(within)
    }

    /// Starts it and returns at once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(self) -> Result<Running> {
        let scratch = Scratch::new("tool")?;
        let file = |name: &str| scratch.path().join(name);
        fs::write(file("client.properties"), self.login.text()).context("cannot write client.properties")?;
        let mut command = machine(self.jars, &scratch.path().join("log4j2.properties"), self.machine)?;
        command.args(self.login.machine.iter().map(|(key, value)| format!("-D{key}={value}")));
        // Before the arguments: some tools end them with a subcommand.
        command.arg(self.class).arg(config_option(self.jars.version, self.class)).arg(file("client.properties"));
        command.args(&self.args);
        match self.stdin {
            Some(text) => {
                fs::write(file("in"), text).context("cannot write the tool's input")?;
                command.stdin(File::open(file("in")).context("cannot open the tool's input")?);
            }
            None => {
                command.stdin(Stdio::null());
            }
        }
        command.stdout(File::create(file("out")).context("cannot make the tool's output")?);
        command.stderr(File::create(file("err")).context("cannot make the tool's log")?);
        let process = Process::start_with(self.class, &mut command, &file("err"))?;
        Ok(Running { process, scratch })
    }
}

/// A tool that runs.
#[derive(Debug)]
pub struct Running {
    /// The Java process.
    pub process: Process,
    scratch: Scratch,
}

impl Running {
    /// Standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(&self.scratch.path().join("out"))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it still runs after `within`: it is killed, and the error says what it said.
    pub fn finish(mut self, within: Duration) -> Result<Output> {
        let ended = self.process.wait(within);
        let (stdout, stderr) = (self.stdout(), read(&self.scratch.path().join("err")));
        let status = ended.with_context(|| format!("it said:\n{}\n{}", tail(&stdout, 10), tail(&stderr, 20)))?;
        Ok(Output { success: status.success(), stdout, stderr })
    }
}

/// What a Java machine is for, which decides its heap, its compiler and its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// A broker: half a GiB, logs what it does.
    Broker,
    /// A short run: the second compiler would not earn its time back.
    Tool,
    /// A tool whose speed counts.
    Measured,
}

/// `java` with this version's classes and a log configuration that is written to `logging`. Tools log warnings to standard error.
pub(crate) fn machine(jars: &Jars, logging: &Path, machine: Machine) -> Result<Command> {
    machine_with(host::java()?, &jars.classpath(), logging, machine)
}

/// The same with any classes.
pub(crate) fn machine_with(java: PathBuf, classpath: &str, logging: &Path, machine: Machine) -> Result<Command> {
    let (level, target) = if machine == Machine::Broker { ("INFO", "SYSTEM_OUT") } else { ("WARN", "SYSTEM_ERR") };
    let text = format!(
        "rootLogger.level={level}\nrootLogger.appenderRefs=out\nrootLogger.appenderRef.out.ref=out\n\
         appender.out.type=Console\nappender.out.name=out\nappender.out.target={target}\n\
         appender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d{{HH:mm:ss.SSS}} %p %c{{1}} %m%n\n"
    );
    fs::write(logging, text).with_context(|| format!("cannot write {}", logging.display()))?;
    let mut command = Command::new(java);
    match machine {
        Machine::Broker | Machine::Measured => command.arg("-Xmx512m"),
        Machine::Tool => command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1"]),
    };
    command.arg("-cp").arg(classpath);
    command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
    Ok(command)
}

fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
