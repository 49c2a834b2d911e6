#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// What Fly says of volumes.
namespace scenarios {
namespace {

using lifecycle::ProviderErrorClass;
using lifecycle::Volume;

constexpr const char* kVolume =
    R"({"id":"vol_1","name":"alpha_data","state":"created","size_gb":3,"region":"ams",)"
    R"("host_status":"ok","created_at":"2026-01-01T00:00:00Z","attached_machine_id":"1857"})";

Volume volume() {
    Volume volume;
    volume.id = "vol_1";
    volume.name = "alpha_data";
    volume.region = "ams";
    volume.usable = true;
    volume.whole = true;
    volume.attached_to = "1857";
    volume.created_at = "2026-01-01T00:00:00Z";
    volume.size_gb = 3;
    return volume;
}

// In which states it can be mounted, and in which it has all that it is to have.
struct StateWord {
    const char* word;
    bool usable;
    bool whole;
};
constexpr StateWord kStates[] = {
    {"creating", true, false},
    {"created", true, true},
    {"extending", true, true},
    {"restoring", true, false},
    {"enabling_remote_export", true, false},
    {"hydrating", true, false},
    {"recovering", true, false},
    {"scheduling_destroy", false, false},
    {"pending_destroy", false, false},
};

void add_lists(std::vector<Phrase>& all) {
    const std::string mine = kVolume;
    std::string theirs = mine;
    theirs.replace(theirs.find("alpha_data"), 10, "beta_data!");
    std::string nameless = mine;
    nameless.replace(nameless.find(R"("id")"), 4, R"("no")");
    std::string nobodys = nameless;
    nobodys.replace(nobodys.find(R"("name")"), 6, R"("nama")");
    all.push_back(
        described(Call::find_volumes, "[" + theirs + "," + mine + "]", std::vector{volume()}));
    all.back().asks = {"GET /v1/apps/vivarium/volumes"};
    all.push_back(described(Call::find_volumes, "[" + nameless + "," + nobodys + ",7]",
                            std::vector<Volume>{}, 3));
    for (const char* body : {"{}", "null", ""}) {
        all.push_back(unreadable(Call::find_volumes, answer(200, body)));
    }
}

}  // namespace

std::vector<Phrase> fly_volume_phrases() {
    std::vector<Phrase> all;
    all.push_back(described(Call::get_volume, kVolume, std::vector{volume()}));
    all.back().asks = {"GET /v1/apps/vivarium/volumes/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4"};
    all.push_back(described(Call::create_volume, kVolume, std::vector{volume()}));
    all.back().asks = {"POST /v1/apps/vivarium/volumes"};
    all.back().body = R"({"name":"alpha_data","region":"ams","size_gb":3,)"
                      R"("compute":{"cpu_kind":"shared","cpus":1,"memory_mb":512}})";
    all.push_back(described(Call::copy_volume, kVolume, std::vector{volume()}));
    all.back().asks = {"POST /v1/apps/vivarium/volumes"};
    all.back().body = R"({"name":"alpha_data","region":"ams","source_volume_id":"vol_0",)"
                      R"("compute":{"cpu_kind":"shared","cpus":1,"memory_mb":512}})";
    for (const StateWord& row : kStates) {
        std::string body = kVolume;
        body.replace(body.find(R"("created")"), 9, std::string("\"") + row.word + "\"");
        Volume expected = volume();
        expected.usable = row.usable;
        expected.whole = row.whole;
        all.push_back(described(Call::get_volume, std::move(body), std::vector{expected}));
    }
    std::string lost = kVolume;
    lost.replace(lost.find(R"("ok")"), 4, R"("unreachable")");
    Volume out_of_reach = volume();
    out_of_reach.in_reach = false;
    all.push_back(described(Call::get_volume, std::move(lost), std::vector{out_of_reach}));
    std::string free = kVolume;
    free.replace(free.find(R"("1857")"), 6, "null");
    Volume unattached = volume();
    unattached.attached_to = "";
    all.push_back(described(Call::get_volume, std::move(free), std::vector{unattached}));
    add_lists(all);
    for (const char* body : {"", "[]", "{}", R"({"id":null})"}) {
        all.push_back(unreadable(Call::get_volume, answer(200, body)));
    }
    all.push_back(done(Call::destroy_volume, answer(200, "{}")));
    all.back().asks = {"DELETE /v1/apps/vivarium/volumes/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4"};
    all.push_back(done(Call::snapshot_volume, answer(200, "{}")));
    all.back().asks = {
        "POST /v1/apps/vivarium/volumes/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/snapshots"};
    for (const Call call : {Call::create_volume, Call::get_volume, Call::find_volumes,
                            Call::destroy_volume, Call::snapshot_volume}) {
        all.push_back(refused(call, answer(404, R"({"error":"volume not found"})"),
                              ProviderErrorClass::gone));
    }
    return all;
}

}  // namespace scenarios
