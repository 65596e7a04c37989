//! Names of STUN and TURN servers, looked up before a link starts. The library would do it on its driver, which sends
//! and hears nothing meanwhile, and without a limit. So it gets addresses only, and cannot look up anything.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::limits::{ICE_NAMES, NAME_KEPT, NAME_LOOKUP, SERVER_ADDRESSES};
use crate::simple_webrtc::engine::IceServer;
use crate::simple_webrtc::port::lock;
use crate::tasks::Tasks;

type Found = Option<Vec<IpAddr>>;
type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> + Send + Sync>;

/// A name that was asked for; `found` is none until there is an answer.
struct Asked {
    at: Instant,
    found: watch::Receiver<Found>,
}

/// What is known about names. Every copy is the same.
#[derive(Clone)]
pub(super) struct Names {
    lookup: Lookup,
    asked: Arc<Mutex<HashMap<String, Asked>>>,
    tasks: Tasks,
}

/// A url of a server in parts (RFC 7064, RFC 7065): scheme, host without brackets, and the rest with its sign.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        return Some((scheme, host, rest));
    }
    let end = rest.find([':', '?']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at_checked(end)?;
    Some((scheme, host, rest))
}

/// The url with an address in place of the name.
fn with_address(scheme: &str, ip: IpAddr, rest: &str) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{scheme}:{ip}{rest}"),
        IpAddr::V6(ip) => format!("{scheme}:[{ip}]{rest}"),
    }
}

impl Names {
    /// By the system's means.
    pub(super) fn of_the_system(tasks: Tasks) -> Self {
        let lookup: Lookup = Arc::new(|name| {
            Box::pin(async move {
                match tokio::net::lookup_host((name, 0)).await {
                    Ok(addresses) => addresses.map(|address| address.ip()).take(SERVER_ADDRESSES).collect(),
                    Err(_unknown) => Vec::new(),
                }
            })
        });
        Self::new(lookup, tasks)
    }

    fn new(lookup: Lookup, tasks: Tasks) -> Self {
        Self { lookup, asked: Arc::default(), tasks }
    }

    /// Starts to look a name up, unless somebody has of late.
    fn ask(&self, name: &str) -> watch::Receiver<Found> {
        let mut asked = lock(&self.asked);
        if let Some(known) = asked.get(name)
            && (known.found.borrow().is_none() || known.at.elapsed() < NAME_KEPT)
        {
            return known.found.clone();
        }
        if asked.len() >= ICE_NAMES {
            let oldest = asked.iter().min_by_key(|(_, known)| known.at).map(|(name, _)| name.clone());
            oldest.and_then(|name| asked.remove(&name));
        }
        let (tell, found) = watch::channel(None);
        let looking = (self.lookup)(name.to_owned());
        self.tasks.spawn(async move { tell.send_replace(Some(looking.await)) });
        asked.insert(name.to_owned(), Asked { at: Instant::now(), found: found.clone() });
        found
    }

    /// One url as urls with addresses: itself if it has one; none if its name is unknown, or not known in time.
    async fn addressed(&self, url: String) -> Vec<String> {
        let Some((scheme, host, rest)) = parts(&url) else { return vec![url] };
        if host.parse::<IpAddr>().is_ok() {
            return vec![url];
        }
        let mut asked = self.ask(host);
        let answer = timeout(NAME_LOOKUP, asked.wait_for(Option::is_some)).await;
        let found = match answer {
            Ok(Ok(found)) => found.clone().unwrap_or_default(),
            // Too slow, or the lookup has died.
            Err(_) | Ok(Err(_)) => Vec::new(),
        };
        if found.is_empty() {
            tracing::info!("the name of a STUN or TURN server is not known in time: the link goes without it");
        }
        // One address of each family: the library takes the first that fits its socket.
        let v4 = found.iter().copied().find(IpAddr::is_ipv4);
        let v6 = found.iter().copied().find(IpAddr::is_ipv6);
        [v4, v6].into_iter().flatten().map(|ip| with_address(scheme, ip, rest)).collect()
    }

    /// The servers with addresses only; takes [`NAME_LOOKUP`] at most.
    pub(super) async fn addresses(&self, servers: Vec<IceServer>) -> Vec<IceServer> {
        let each = servers.into_iter().map(async |server| {
            let urls = join_all(server.urls.into_iter().map(|url| self.addressed(url))).await.concat();
            IceServer { urls, ..server }
        });
        let mut servers = join_all(each).await;
        servers.retain(|server| !server.urls.is_empty());
        servers
    }
}
