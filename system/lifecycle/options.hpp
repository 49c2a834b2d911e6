#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system/ports/time.hpp"
#include "system/routing/route_table.hpp"

namespace lifecycle {

struct LifecycleOptions {
    std::string provider = "fly";  // of machines that ask for none
    // What people call this control plane. What tells its resources from those of others is an
    // identity of its own, which its database keeps.
    std::string installation = "vivarium";
    std::string region;  // for machines that ask for none; empty: the provider's choice
    // In the order in which they are tried when one is full; empty: only the one asked for.
    std::vector<std::string> regions;
    RouteTableOptions routes = {};  // where others read which machine a project's is
    std::string control_authority;  // host:port at which machines reach this control plane
    std::string identity_key = {};  // that the secrets of boxes are derived from
    // SHA-256 of the token that clients prove themselves by; empty: nobody has to, which only a
    // loopback address may offer.
    std::string admin_token_hash = {};
    std::string github_secret;         // of webhooks; empty: they are refused
    std::uint16_t daemon_port = 8080;  // on which every machine's daemon listens

    // A machine that is not active this long after it was asked for has failed.
    Duration become_active_within = std::chrono::minutes(20);
    // How long a replaced machine keeps its resource, for whoever still needs it.
    Duration detached_grace = std::chrono::hours(4);
    // How long a machine serves at least before one that needs its volume may take its place; a
    // person who retires it, and its recreation, do not wait.
    Duration serve_at_least = std::chrono::minutes(5);
    // How long a request that got no answer may still take effect at the provider.
    Duration late_effect_grace = std::chrono::minutes(5);
    // How long a resource that was just created may be invisible.
    Duration visibility_grace = std::chrono::seconds(30);
    Duration probe_timeout = std::chrono::seconds(5);
    Duration proxy_timeout = std::chrono::seconds(10);
    // Delegations of one project that have not ended.
    std::int64_t max_open_delegations = 1000;
    // How often a box is told to report, and how long a report makes it count as online.
    Duration heartbeat_every = std::chrono::seconds(30);
    Duration online_for = std::chrono::seconds(90);
    // Boots within ten minutes that are not a crash loop yet.
    std::int64_t most_boots = 10;
    // How often the watchdog looks; zero: never.
    Duration watch_every = std::chrono::seconds(30);
    // Looks in a row without a sign of life after which an active machine is recreated.
    std::int64_t silent_looks = 10;
    // When more than this share of the active machines is silent at once, and at least three, the
    // fault is not theirs.
    std::int64_t breaker_percent = 50;
    // Recreations in a row, each as silent as the one before, after which a person is needed.
    std::int64_t most_recreations = 3;
    // How often rows and providers are compared; zero: never.
    Duration reconcile_every = std::chrono::minutes(5);
    // How long what is over is remembered: machines with their history, delegations, settled
    // events, and the idempotency keys that any of these came with. Zero: for ever.
    Duration keep_for = std::chrono::days(30);
    // How often it is looked for what may be forgotten.
    Duration forget_every = std::chrono::hours(1);
    // How long a resource that is ours and that no row knows is watched before it is destroyed;
    // zero: until a person says so.
    Duration quarantine_for = std::chrono::hours(24 * 7);
    // A comparison that would destroy more than so many, or give up more than so many and more than
    // such a share of what is there, does none of it.
    std::int64_t max_swept = 3;
    std::int64_t max_swept_percent = 10;
};

}  // namespace lifecycle
