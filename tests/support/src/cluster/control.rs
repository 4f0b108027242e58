//! The control words of the program `cluster`.

use super::{ClientAuth, Cluster, Config, Line, Server, Tls};

impl Config {
    /// Reads the options of `cluster start`.
    pub fn from_args(args: &[String]) -> Result<Self, String> {
        let mut config = Self::default();
        let (mut certificate, mut auth) = (None, None);
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} takes a value"))?;
            let number = || value.parse::<usize>().map_err(|_| format!("{name} takes a number"));
            match name.as_str() {
                "--server" => {
                    config.server = match value.as_str() {
                        "redis" => Server::Redis,
                        "valkey" => Server::Valkey,
                        _ => return Err("--server takes redis or valkey".into()),
                    }
                }
                "--primaries" => config.primaries = number()?,
                "--replicas" => config.replicas = number()?,
                "--config" => config.lines.push(value.clone()),
                "--node-timeout" => {
                    config.node_timeout = std::time::Duration::from_millis(number()? as u64);
                }
                "--bind" => {
                    let address = value.parse();
                    config.bind = address.map_err(|_| format!("\"{value}\" is no address"))?;
                }
                "--ports" => {
                    let ports = value.split(',').map(str::parse::<u16>).collect::<Result<_, _>>();
                    config.ports = ports.map_err(|_| "--ports takes PORT,PORT,…")?;
                }
                "--password" => config.password = Some(value.clone()),
                "--tls" => config.tls = Some(Tls::new(value)),
                "--tls-certificate" => certificate = Some(value.clone()),
                "--tls-auth" => {
                    auth = Some(match value.as_str() {
                        "yes" => ClientAuth::Required,
                        "optional" => ClientAuth::Optional,
                        "no" => ClientAuth::Off,
                        _ => return Err("--tls-auth takes yes, no or optional".into()),
                    });
                }
                _ => return Err(format!("\"{name}\" is no option")),
            }
        }
        match &mut config.tls {
            Some(tls) => {
                tls.certificate = certificate.unwrap_or_else(|| tls.certificate.clone());
                tls.auth = auth.unwrap_or(tls.auth);
            }
            None if certificate.is_some() || auth.is_some() => {
                return Err("--tls-certificate and --tls-auth need --tls FOLDER".into());
            }
            None => {}
        }
        Ok(config)
    }
}

impl Cluster {
    /// Answers a control line of the program: `ok …`, `error …`, or several lines and `end`.
    pub fn control(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match self.run(&words) {
            Ok(text) if text.ends_with("\nend") => text,
            Ok(text) => format!("ok {text}").trim_end().to_string(),
            Err(error) => format!("error {}", error.replace('\n', " ")),
        }
    }

    fn run(&mut self, words: &[&str]) -> Result<String, String> {
        let word = |i: usize| words.get(i).copied().ok_or("a word is missing");
        let node =
            |i: usize| word(i)?.parse::<usize>().map_err(|_| "a node is a number".to_string());
        let slot = |i: usize| match word(i)?.parse::<u16>() {
            Ok(slot @ 0..16384) => Ok(slot),
            _ => Err("a slot is a number from 0 to 16383".to_string()),
        };
        match word(0)? {
            "kill" => self.kill(node(1)?)?,
            "stop" => self.stop(node(1)?)?,
            "pause" => self.pause(node(1)?)?,
            "resume" => self.resume(node(1)?)?,
            "restart" => self.restart(node(1)?)?,
            "remove" => self.remove(node(1)?)?,
            "failover" => {
                let how = words.get(2).map_or(String::new(), |how| how.to_ascii_uppercase());
                return Ok(self.failover(node(1)?, &how)?.to_string());
            }
            "move" => self.move_slot(slot(1)?, node(2)?)?,
            "setslot" => match word(2)? {
                "migrating" => self.begin_move(slot(1)?, node(3)?)?,
                "keys" => {
                    let keys = words.iter().skip(4).map(|key| key.as_bytes().to_vec());
                    let keys: Vec<Vec<u8>> = keys.collect();
                    let named = (!keys.is_empty()).then_some(keys.as_slice());
                    self.move_keys(slot(1)?, node(3)?, named)?;
                }
                "finish" => self.finish_move(slot(1)?, node(3)?)?,
                "stable" => self.stable_slot(slot(1)?)?,
                _ => return Err("setslot SLOT migrating|keys|finish NODE, or stable".into()),
            },
            "add" => {
                let number = match word(1)? {
                    "primary" => self.add_primary()?,
                    "replica-of" => self.add_replica(node(2)?)?,
                    _ => return Err("add primary, or add replica-of NODE".into()),
                };
                return Ok(format!("{number} {}", self.address(number)?));
            }
            "wait" => self.wait_ok()?,
            "owner" => return Ok(self.owner(slot(1)?)?.to_string()),
            "nodes" => return Ok(self.addresses().join(" ")),
            "config" => {
                let value = words.get(3..).unwrap_or_default().join(" ");
                self.connect(node(1)?)?.ok(&["CONFIG", "SET", word(2)?, &value])?;
            }
            "command" => return Ok(self.command(node(1)?, &words[2..])?.to_string()),
            "log" => return Ok(format!("{}\nend", self.server_log(node(1)?)?.trim_end())),
            "info" => return Ok(self.info()),
            other => return Err(format!("\"{other}\" is no control word")),
        }
        Ok(String::new())
    }

    /// A line a node: number, address, id, state, role, slots.
    fn info(&self) -> String {
        let mut out = String::new();
        let live = self.live();
        let views: Vec<Vec<Line>> = live.iter().filter_map(|&node| self.view(node).ok()).collect();
        for (i, node) in self.nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            let state = match (node.pid(), node.paused) {
                (None, _) => "down".to_string(),
                (Some(pid), true) => format!("paused {pid}"),
                (Some(pid), false) => format!("running {pid}"),
            };
            out.push_str(&format!("{} {} {} {state}", i + 1, node.address, node.id));
            if let Some(line) = views.first().and_then(|v| v.iter().find(|line| line.id == node.id))
            {
                out.push_str(&format!(" {}", line.flags.join(",")));
                if let Some(primary) = line.primary.as_deref().and_then(|id| self.number(id).ok()) {
                    out.push_str(&format!(" of {primary}"));
                }
                for (first, last) in &line.slots {
                    out.push_str(&format!(" {first}-{last}"));
                }
            }
            out.push('\n');
        }
        out.push_str("end");
        out
    }
}
