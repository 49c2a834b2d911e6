#include "scenarios/catalog/parts.hpp"
#include "sim/world/time.hpp"
#include "system/model/secrets.hpp"

// Boxes that have to prove who they are, fall silent, or come twice. Several of these once locked
// people's machines out for days.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string token_hash(Stage stage, const std::string& machine) {
    const lifecycle::Credential* live = stage.shadow().live_credential(machine);
    return live == nullptr ? std::string() : live->token_hash;
}

boost::asio::awaitable<bool> until_online(Stage stage, std::string project, sim::Duration within) {
    const sim::VirtualTime deadline = stage.cluster().world().now() + within;
    while (stage.cluster().world().now() < deadline) {
        const auto online = co_await stage.online(project);
        if (online && *online) co_return true;
        co_await stage.sleep(seconds(10));
    }
    co_return false;
}

// What two callers of one recreation get must be one machine.
Script expect_one_successor(Stage stage, std::string old) {
    const lifecycle::Machine& before = stage.machine(old);
    int successors = 0;
    for (const auto& [id, machine] : stage.shadow().machines()) {
        successors += machine.generation > before.generation ? 1 : 0;
    }
    stage.expect(successors == 1, "there is exactly one successor");
    co_return;
}

// Several callers want one machine replaced within a second; two replicas hear them.
Script two_recreates(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const auto one = co_await stage.recreate("alpha", first);
    const auto other = co_await stage.recreate("alpha", first);
    const auto whatever = co_await stage.recreate("alpha");
    stage.expect(!one.joined && other.joined && whatever.joined, "who comes second joins");
    stage.expect(one.machine == other.machine && one.machine == whatever.machine,
                 "and gets the same machine");
    const auto served = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(!served || served->status == 200, "the one before serves meanwhile");
    co_await stage.expect_active(one.machine);
    const auto late = co_await stage.recreate("alpha", first);
    stage.expect(late.joined && late.machine == one.machine,
                 "a request that comes when all is done changes nothing");
    co_await expect_one_successor(stage, first);
}

// A box falls silent; the watchdogs of both replicas, an admin and a reconciliation meet.
Script watchdog_meets_admin(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.boxes().options(first).mute = true;
    std::string second;
    for (int i = 0; i < 600 && second.empty(); ++i) {
        co_await stage.sleep(seconds(1));
        if (stage.shadow().machines().size() > 1) second = "alpha-2";
    }
    stage.expect(!second.empty(), "a machine that is silent is replaced");
    const auto joined = co_await stage.recreate("alpha");
    stage.expect(joined.joined && joined.machine == second, "an admin joins the watchdog");
    const auto swept = co_await stage.call("POST", "/v1/reconcile", R"({"apply": true})");
    stage.expect(!swept || swept->status == 200, "a reconciliation does not mind");
    co_await stage.expect_active(second);
    co_await expect_one_successor(stage, first);
}

// A cloud starts one machine twice: both boxes have its secret, and one gets the token.
Script twin_boxes(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 600 && stage.boxes().running(machine) == 0; ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.expect(stage.boxes().double_up(machine), "the machine runs twice");
    co_await stage.expect_active(machine);
    co_await stage.sleep(minutes(5));
    const std::string token = token_hash(stage, machine);
    co_await stage.sleep(minutes(10));
    stage.expect(!token.empty() && token == token_hash(stage, machine),
                 "one of them holds the token, and they do not fight for it");
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || *online, "and the machine is online");
}

// A box is frozen for so long that its twin, which nobody can reach, gets its place. It is the
// machine all the same, and has its place back when it wakes up.
Script place_handed_back(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string before = token_hash(stage, machine);
    stage.expect(stage.boxes().double_up(machine), "the machine runs twice");
    stage.expect(stage.boxes().pause(machine), "its own box is frozen");
    for (int i = 0; i < 90 && token_hash(stage, machine) == before; ++i) {
        co_await stage.sleep(seconds(10));
    }
    const std::string twins = token_hash(stage, machine);
    stage.expect(twins != before, "its twin takes the place that fell silent");
    stage.boxes().resume(machine);
    co_await stage.sleep(minutes(5));
    const std::string after = token_hash(stage, machine);
    stage.expect(after != before && after != twins, "the box at the address has a new token");
    const auto answer = co_await stage.call("GET", "/v1/machines/alpha-1/agents", "");
    stage.expect(!answer || answer->status == 200, "and it serves");
    co_await stage.sleep(minutes(10));
    stage.expect(after == token_hash(stage, machine), "and its twin waits for good");
}

// A machine moves while it runs twice: who was right before is not any more, and still calls home.
Script address_moved(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.expect(stage.boxes().double_up(machine), "the machine runs twice");
    co_await stage.sleep(minutes(5));
    const std::string before = token_hash(stage, machine);
    stage.expect(!before.empty(), "the box at the address holds the token");
    stage.expect(stage.boxes().move_address(machine), "the other gets the address");
    for (int i = 0; i < 180 && token_hash(stage, machine) == before; ++i) {
        co_await stage.sleep(seconds(10));
    }
    stage.expect(token_hash(stage, machine) != before, "and the place with it");
}

// The answer that holds the token never arrives; the box asks again and gets the same one.
Script mint_answer_lost(Stage stage) {
    stage.network().block("server", "box");
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 600 && token_hash(stage, machine).empty(); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    const std::string token = token_hash(stage, machine);
    stage.expect(!token.empty(), "the token was given");
    co_await stage.sleep(seconds(30));
    stage.network().unblock("server", "box");
    co_await stage.expect_active(machine);
    stage.expect(token == token_hash(stage, machine), "and is the same for who asks again");
}

// A box boots again with an empty disk while its token is still valid: nobody has it any more.
Script disk_lost(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.boxes().options(machine).loses_disk = true;
    stage.expect(stage.boxes().crash(machine), "the box dies");
    co_await stage.sleep(minutes(4));
    const bool back = co_await until_online(stage, "alpha", minutes(45));
    stage.expect(back, "the box is let in again, though another boot holds the token");
    co_await stage.sleep(minutes(15));
    stage.expect(stage.shadow().projects().at("alpha").active_machine == machine,
                 "and it was not replaced");
}

// A box boots again and shows the token that it has kept: there is nothing to wait for.
Script rebooted(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string before = token_hash(stage, machine);
    stage.expect(stage.boxes().crash(machine), "the box dies");
    co_await stage.sleep(minutes(2));
    const std::string after = token_hash(stage, machine);
    const auto online = co_await stage.online("alpha");
    stage.expect(before != after && (!online || *online), "the next boot has a token of its own");
}

// The token is rotated: whatever the box has kept is not good any more.
Script token_rotated(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string before = token_hash(stage, machine);
    const auto rotated = co_await stage.call("POST", "/v1/machines/alpha-1/rotate", "{}");
    stage.expect(rotated && rotated->status == 202, "the token is rotated");
    stage.expect(before != token_hash(stage, machine), "the old one is not valid any more");
    co_await stage.sleep(minutes(5));
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || *online, "the box has asked for the new one");
    const std::string work = co_await stage.delegate("alpha", 3600);
    const bool processed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::processed, minutes(15));
    stage.expect(processed, "and can say with it what it has done");
}

// All tokens are revoked, and the box shows the one that it has kept: there is none that is valid,
// and it is let in.
Script stale_token_alone(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string before = token_hash(stage, machine);
    stage.cluster().tamper("UPDATE credential SET superseded = 1");
    for (int i = 0; i < 60 && token_hash(stage, machine).empty(); ++i) {
        co_await stage.sleep(seconds(5));
    }
    stage.expect(!token_hash(stage, machine).empty() && token_hash(stage, machine) != before,
                 "the box has a token again, within five minutes");
    const bool back = co_await until_online(stage, "alpha", minutes(3));
    stage.expect(back, "and is online");
}

// A box of a generation that was replaced wakes up and wants to go on.
Script late_callback(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.network().block("box", "server");
    co_await stage.sleep(seconds(10));
    const std::string second = co_await stage.create("alpha");
    co_await stage.sleep(minutes(1));
    stage.network().unblock("box", "server");
    co_await stage.expect_active(second);
    co_await stage.sleep(minutes(3));
    stage.expect(token_hash(stage, first).empty(), "the replaced machine has no token");
    lifecycle::IdentityKey key(kIdentityKey);
    const int answer = co_await stage.introduce(first, key.bootstrap_secret(first));
    stage.expect(answer == 410, "and is told that it was replaced, for good");
    const int theft = co_await stage.introduce(second, key.bootstrap_secret(first));
    stage.expect(theft == 401, "nor can it be another");
    const std::string error = co_await stage.last_error("alpha");
    stage.expect(error.find("without the secret of machine alpha-2") != std::string::npos,
                 "and the project says that somebody tried");
}

// A program that dies at once, and is started again at once, for ever.
Script crash_loop(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    std::string token;
    for (int i = 0; i < 600; ++i) {
        co_await stage.sleep(seconds(1));
        // It lives until it has introduced itself.
        if (token_hash(stage, machine) == token) continue;
        token = token_hash(stage, machine);
        stage.boxes().crash(machine);
    }
    const auto* row = stage.shadow().machine(machine);
    const bool given_up = row->state == lifecycle::MachineState::failed ||
                          row->state == lifecycle::MachineState::detached ||
                          row->state == lifecycle::MachineState::archived;
    stage.expect(given_up, "a machine that does nothing but boot is given up");
    stage.expect(says(row->provisioning_error, lifecycle::Reason::crash_loop), "and says why");
}

// The whole chain of an incident that once locked people out for a day, with a good end. The steps
// have the numbers of the report.
Script double_provision_401(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    // 1. The machine stops reporting, for a reason of its own; its agent is dead.
    stage.boxes().options(first).mute = true;
    stage.boxes().options(first).hung = true;
    const std::string work = co_await stage.delegate("alpha", 14'400);
    // The runtime gives up for good when it is refused, as it did.
    stage.boxes().options("alpha-2").terminal_401 = true;
    // 2. The watchdogs of both replicas want another, and an admin does within the same second.
    for (int i = 0; i < 1200 && stage.shadow().machines().size() == 1; ++i) {
        co_await stage.sleep(std::chrono::milliseconds(500));
    }
    const auto admin = co_await stage.recreate("alpha", first);
    stage.expect(admin.joined && admin.machine == "alpha-2", "one machine is made, not two");
    // 3. The cloud starts it twice all the same.
    for (int i = 0; i < 600 && stage.boxes().running("alpha-2") == 0; ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.expect(stage.boxes().double_up("alpha-2"), "the new machine runs twice");
    // 4. One of the two gets the token; the other is told to wait, which is no 401.
    co_await stage.expect_active("alpha-2");
    // A restart revokes what that one has: it is refused, and gets the next one.
    const std::string first_token = token_hash(stage, "alpha-2");
    const auto rotated = co_await stage.call("POST", "/v1/machines/alpha-2/rotate", "{}");
    stage.expect(rotated && rotated->status == 202, "its token is revoked");
    co_await stage.sleep(minutes(2));
    stage.expect(token_hash(stage, "alpha-2") != first_token, "what it had is not valid any more");
    const std::string token = token_hash(stage, "alpha-2");
    co_await stage.sleep(minutes(6));
    stage.expect(!token.empty() && token == token_hash(stage, "alpha-2"),
                 "the boxes do not fight for the token");
    // 5. Online means what it says, and what was delivered to a dead agent is done by a live one.
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || *online, "the new machine is online");
    const bool processed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::processed, minutes(30));
    stage.expect(processed, "the delegation is processed, by an agent that lives");
    // 6. The cloud notices, and ends the second box; nothing depends on it.
    stage.expect(stage.boxes().end_double("alpha-2"), "one box is left");
    co_await expect_one_successor(stage, first);
}

}  // namespace

std::vector<Scenario> identities() {
    std::vector<Scenario> all = {
        {"double-provision-401",
         "A silent machine, two watchdogs and an admin, two boxes, one token, and work for them.",
         {},
         false,
         minutes(150),
         double_provision_401,
         {"order delegation.delivered < machine.recreated", "net.answer server 401",
          "outbox.done machine:arbitrate: the holder answers", "box.processed"}},
        {"two-recreates",
         "Several callers want one machine replaced within a second.",
         {},
         false,
         minutes(60),
         two_recreates,
         {"machine.recreated: an admin wants it"}},
        {"watchdog-meets-admin",
         "The watchdogs of two replicas, an admin and a reconciliation meet over a silent machine.",
         {},
         false,
         minutes(80),
         watchdog_meets_admin,
         {"machine.recreated: no sign of life"}},
        {"twin-boxes",
         "A cloud starts one machine twice, and both boxes want its token.",
         {},
         false,
         minutes(60),
         twin_boxes,
         {"box.refused: another boot of machine # is alive",
          "outbox.done machine:arbitrate: the holder answers"}},
        {"mint-answer-lost",
         "The answer that holds a box's token never arrives.",
         {},
         false,
         minutes(40),
         mint_answer_lost,
         {"net.answer-lost server", "net.failed box timed_out"}},
        {"disk-lost",
         "A box boots with an empty disk while its token is still valid.",
         {},
         false,
         minutes(80),
         disk_lost,
         {"box.refused: another boot of machine # is alive",
          "outbox.done machine:arbitrate: another boot answers"}},
        {"rebooted",
         "A box boots again and shows the token that it has kept.",
         {},
         false,
         minutes(40),
         rebooted,
         {"process.crash box: its program failed",
          "order outbox.done project:route < box.registered"}},
        {"token-rotated",
         "A box's token is rotated while it has the old one.",
         {},
         false,
         minutes(40),
         token_rotated,
         {"net.answer server 401", "delegation.ended processed"}},
        {"stale-token-alone",
         "A box shows a token that is not valid any more, and no other is.",
         {},
         false,
         minutes(40),
         stale_token_alone,
         {"tampered", "net.answer server 401", "order outbox.done project:route < box.registered"}},
        {"late-callback",
         "A box of a replaced generation wakes up and wants to go on.",
         {},
         false,
         minutes(60),
         late_callback,
         {"net.lost box", "box.refused: a box without the secret of machine # wants to be it"}},
        {"crash-loop",
         "A box boots again and again.",
         {},
         false,
         minutes(40),
         crash_loop,
         {"project.error machine: machine # a crash loop: more than # boots within # minutes"}},
        {"place-handed-back",
         "A frozen box wakes up when its twin has its place.",
         {},
         false,
         minutes(60),
         place_handed_back,
         {"process.resume box", "outbox.retry machine:arbitrate: timed out",
          "outbox.done machine:arbitrate: another boot answers"}},
        {"address-moved",
         "A machine that runs twice gets the address of its second box.",
         {},
         false,
         minutes(60),
         address_moved,
         {"outbox.done machine:arbitrate: another boot answers"}},
    };
    for (Scenario& scenario : all) {
        const std::string& name = scenario.name;
        const bool replicas = name == "double-provision-401" || name == "two-recreates" ||
                              name == "watchdog-meets-admin";
        if (replicas) scenario.cluster.servers = 2;
    }
    return all;
}

}  // namespace scenarios
