#include "system/system.hpp"

#include <utility>

#include "system/api/api.hpp"
#include "system/lifecycle/destroy.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/provision.hpp"
#include "system/lifecycle/readiness.hpp"

namespace lifecycle {

struct System::Parts {
    Parts(std::unique_ptr<Store> opened, const Ports& ports, Provider& provider,
          const SystemOptions& options, OnFatal on_fatal)
        : store(std::move(opened)),
          tasks(ports.executor, std::move(on_fatal)),
          outbox(*store, ports, tasks, options.outbox),
          provisioner(*store, ports, provider, options.lifecycle),
          readiness(*store, ports, options.lifecycle),
          destroyer(*store, ports, provider, options.lifecycle),
          api(*store, outbox, ports, provider, options.lifecycle) {
        outbox.add(std::string(kProvision), provisioner.consumer());
        outbox.add(std::string(kReadiness), readiness.consumer());
        outbox.add(std::string(kDestroy), destroyer.consumer());
        outbox.add(std::string(kDeadline), deadline_consumer(ports, options.lifecycle));
    }

    std::unique_ptr<Store> store;
    TaskGroup tasks;
    Outbox outbox;
    Provisioner provisioner;
    Readiness readiness;
    Destroyer destroyer;
    Api api;
};

System::System(std::unique_ptr<Store> store, Ports ports, Provider& provider, SystemOptions options,
               OnFatal on_fatal)
    : parts_(std::make_unique<Parts>(std::move(store), ports, provider, options,
                                     std::move(on_fatal))) {}

System::~System() = default;

void System::start() {
    parts_->tasks.spawn(parts_->outbox.run());
}

void System::stop(std::function<void()> when_idle) {
    parts_->outbox.stop();
    if (parts_->tasks.running() == 0) {
        when_idle();
    } else {
        parts_->tasks.on_idle(std::move(when_idle));
    }
}

namespace {

boost::asio::awaitable<void> answer(System* system, HttpRequest request,
                                    std::move_only_function<void(HttpResponse)> respond) {
    HttpResponse response = co_await system->handle(std::move(request));
    respond(std::move(response));
}

}  // namespace

void System::serve(HttpRequest request, std::move_only_function<void(HttpResponse)> respond) {
    parts_->tasks.spawn(answer(this, std::move(request), std::move(respond)));
}

boost::asio::awaitable<HttpResponse> System::handle(HttpRequest request) {
    return parts_->api.handle(std::move(request));
}

Store& System::store() {
    return *parts_->store;
}

}  // namespace lifecycle
