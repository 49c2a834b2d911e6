#include "system/concurrency/contain.hpp"

#include <exception>
#include <utility>

#include "system/store/database.hpp"

namespace lifecycle {

boost::asio::awaitable<Ending> contain(Telemetry* telemetry, std::string where,
                                       boost::asio::awaitable<void> work) {
    std::string what;
    try {
        co_await std::move(work);
        co_return Ending::completed;
    } catch (const StoreFailure&) {
        throw;
    } catch (const std::exception& bug) {
        what = bug.what();
    } catch (...) {
        what = "an exception of an unknown type";
    }
    telemetry->record(kBug, {{"where", where}, {"what", what}});
    co_return Ending::bug;
}

}  // namespace lifecycle
