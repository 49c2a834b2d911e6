#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scenarios/client/requests.hpp"
#include "scenarios/client/stage.hpp"
#include "system/ports/http.hpp"

namespace scenarios {

// Sends each, and takes for granted that its answer is as it has to be.
Script expect_answers(Stage stage, std::vector<Ask> asks);

// The same, and that no row changes meanwhile but what changes by itself.
Script expect_refusals(Stage stage, std::vector<Ask> asks);

// A request whose answer has to have that status: its body, or nothing if it has another.
boost::asio::awaitable<nlohmann::json> expect_status(Stage stage, lifecycle::HttpRequest request,
                                                     int status);

boost::asio::awaitable<nlohmann::json> get(Stage stage, std::string target);

// Waits until it is so, at most as long as what is asked for may take to begin when nothing is in
// its way: nobody has to happen to look.
boost::asio::awaitable<bool> soon(Stage stage, std::function<bool()> held);

// What a box of that machine proves itself by: the token of its live boot, or of one before; text
// of nobody's if it never had one.
std::string token_of(Stage stage, const std::string& machine);
std::string secret_of(const std::string& machine);

// The rows that change by requests alone, as text.
std::string rows_of(Stage stage);

}  // namespace scenarios
