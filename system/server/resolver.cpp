#include "system/server/resolver.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxThreads = 16;
constexpr std::size_t kMaxThreadsOfADomain = 4;
constexpr auto kFresh = std::chrono::seconds(5);

// Touched on its own executor alone, but for being posted to.
struct Waiter {
    Waiter(const asio::any_io_executor& executor, Clock::time_point until)
        : deadline(executor, until) {}
    asio::steady_timer deadline;
    std::optional<Resolver::Found> found = std::nullopt;
};

struct Name {
    std::string host;
    std::string port;
    auto operator<=>(const Name&) const = default;
};

// The last two labels: names that are likely to have one name server.
std::string domain_of(const std::string& host) {
    const auto last = host.rfind('.');
    if (last == std::string::npos || last == 0) return host;
    const auto before = host.rfind('.', last - 1);
    return before == std::string::npos ? host : host.substr(before + 1);
}

}  // namespace

class Resolver::Searches : public std::enable_shared_from_this<Searches> {
  public:
    explicit Searches(Lookup lookup) : lookup_(std::move(lookup)) {}

    void join(const Name& name, const std::shared_ptr<Waiter>& waiter) {
        const std::lock_guard lock(mutex_);
        const auto known = known_.find(name);
        if (known != known_.end() && Clock::now() < known->second.until) {
            waiter->found = known->second.addresses;
            return;
        }
        const auto [search, is_new] = waiters_.try_emplace(name);
        search->second.push_back(waiter);
        if (!is_new) return;
        queued_.push_back(name);
        if (threads_ == kMaxThreads || next() == queued_.end()) return;
        try {
            std::thread([self = shared_from_this()] { self->work(); }).detach();
            ++threads_;
        } catch (const std::system_error&) {
            // Those that there are take it over, or whoever wants it next tries again.
            if (threads_ > 0) return;
            queued_.pop_back();
            answer(name, std::unexpected("there is no thread to search for its address in"));
        }
    }

    void leave(const Name& name, const std::shared_ptr<Waiter>& waiter) {
        const std::lock_guard lock(mutex_);
        const auto search = waiters_.find(name);
        if (search == waiters_.end()) return;
        std::erase(search->second, waiter);
        // What has begun goes on, and is shared by who comes meanwhile.
        if (search->second.empty() && std::erase(queued_, name) > 0) waiters_.erase(search);
    }

  private:
    struct Known {
        Addresses addresses;
        Clock::time_point until;
    };

    std::deque<Name>::iterator next() {
        return std::ranges::find_if(queued_, [this](const Name& name) {
            const auto running = running_.find(domain_of(name.host));
            return running == running_.end() || running->second < kMaxThreadsOfADomain;
        });
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (auto chosen = next(); chosen != queued_.end(); chosen = next()) {
            const Name name = std::move(*chosen);
            queued_.erase(chosen);
            const std::string domain = domain_of(name.host);
            ++running_[domain];
            lock.unlock();
            const Found found = lookup_(name.host, name.port);
            lock.lock();
            if (--running_[domain] == 0) running_.erase(domain);
            if (found) remember(name, *found);
            answer(name, found);
        }
        --threads_;
    }

    void remember(const Name& name, const Addresses& addresses) {
        const auto now = Clock::now();
        std::erase_if(known_, [now](const auto& entry) { return entry.second.until <= now; });
        known_[name] = {addresses, now + kFresh};
    }

    // Who waits is there until it leaves, and so is its executor.
    void answer(const Name& name, const Found& found) {
        const auto search = waiters_.find(name);
        if (search == waiters_.end()) return;
        for (const std::shared_ptr<Waiter>& waiter : search->second) {
            asio::post(waiter->deadline.get_executor(), [waiter, found] {
                waiter->found = found;
                waiter->deadline.cancel();
            });
        }
        waiters_.erase(search);
    }

    const Lookup lookup_;
    std::mutex mutex_;  // of all below
    std::map<Name, std::vector<std::shared_ptr<Waiter>>> waiters_;
    std::deque<Name> queued_;
    std::map<std::string, std::size_t> running_;  // by domain
    std::map<Name, Known> known_;
    std::size_t threads_ = 0;
};

Resolver::Resolver(Lookup lookup) : searches_(std::make_shared<Searches>(std::move(lookup))) {}

asio::awaitable<Resolver::Found> Resolver::resolve(std::string host, std::string port,
                                                   Clock::time_point deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(executor, deadline);
    const Name name{std::move(host), std::move(port)};
    // Leaves also when the coroutine is destroyed where it waits, with its executor.
    const auto leave = [searches = searches_, &name, &waiter](void*) {
        searches->leave(name, waiter);
    };
    searches_->join(name, waiter);
    const std::unique_ptr<void, decltype(leave)> left(waiter.get(), leave);
    if (!waiter->found) {
        boost::system::error_code woken;
        co_await waiter->deadline.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    if (!waiter->found) {
        co_return std::unexpected(std::string("the search for its address took too long"));
    }
    co_return *waiter->found;
}

Resolver::Found Resolver::look_up(const std::string& host, const std::string& port) {
    using asio::ip::tcp;
    asio::io_context context;
    tcp::resolver resolver(context);
    boost::system::error_code error;
    const auto results = resolver.resolve(host, port, error);
    if (error) return std::unexpected(error.message());
    Addresses addresses;
    for (const auto& entry : results) addresses.push_back(entry.endpoint());
    if (addresses.empty()) return std::unexpected("it has no address");
    return addresses;
}

}  // namespace lifecycle::server
