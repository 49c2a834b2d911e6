#include "system/concurrency/contain.hpp"

#include <exception>
#include <utility>

#include "system/model/store_failure.hpp"

namespace lifecycle {

boost::asio::awaitable<Ending> contain(Telemetry* telemetry, std::string where,
                                       boost::asio::awaitable<void> work) {
    std::string what;
    Ending ending = Ending::bug;
    try {
        co_await std::move(work);
        co_return Ending::completed;
    } catch (const StoreUnavailable& why) {
        what = why.what();
        ending = Ending::store_unavailable;
    } catch (const StoreFailure&) {
        throw;
    } catch (const std::exception& bug) {
        what = bug.what();
    } catch (...) {
        what = "an exception of an unknown type";
    }
    const std::string_view name = ending == Ending::bug ? kBug : kStoreUnavailable;
    telemetry->record(name, {{"where", where}, {"what", what}});
    co_return ending;
}

}  // namespace lifecycle
