//! Whole nodes in this process: real libp2p over the memory transport (and once over TCP), real WebRTC over loopback,
//! recorded sound. One behaviour a file. Everything waits for events; the limits only end tests that would hang.

#[cfg(test)]
mod cancel;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod decline;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod frontends;
#[cfg(test)]
mod glare;
#[cfg(test)]
mod handoff;
#[cfg(test)]
mod hold;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod mute;
#[cfg(test)]
mod no_answer;
#[cfg(test)]
mod outsider;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod recall;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod rejoin;
#[cfg(test)]
mod replayed_offer;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod ringtone;
#[cfg(test)]
mod setup_and_talk;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod two_calls;
#[cfg(test)]
mod unreachable;
