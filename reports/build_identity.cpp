#include "reports/build_identity.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstring>
#include <filesystem>
#include <string_view>

namespace reports {
namespace {

// The GNU build id in the notes of one segment, as hexadecimal digits; empty if there is none.
std::string build_id_in(const char* notes, std::size_t size) {
    std::size_t at = 0;
    const auto aligned = [](std::size_t length) { return (length + 3) / 4 * 4; };
    while (at + sizeof(ElfW(Nhdr)) <= size) {
        ElfW(Nhdr) header;
        std::memcpy(&header, notes + at, sizeof header);
        const char* name = notes + at + sizeof header;
        const char* content = name + aligned(header.n_namesz);
        if (header.n_type == NT_GNU_BUILD_ID &&
            std::string_view(name, header.n_namesz) == std::string_view("GNU\0", 4)) {
            std::string digits;
            for (std::size_t i = 0; i < header.n_descsz; ++i) {
                digits += fmt::format("{:02x}", static_cast<unsigned char>(content[i]));
            }
            return digits;
        }
        at += sizeof header + aligned(header.n_namesz) + aligned(header.n_descsz);
    }
    return {};
}

// The first object is the program itself.
int look_at(dl_phdr_info* object, std::size_t, void* found) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        // The loader tells addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
        const auto* notes = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
        std::string digits = build_id_in(notes, segment.p_memsz);
        if (!digits.empty()) *static_cast<std::string*>(found) = std::move(digits);
    }
    return 1;
}

std::string called_as = "vivarium";

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}", __clang_major__, __clang_minor__);
#else
    return fmt::format("g++ {}.{}", __GNUC__, __GNUC_MINOR__);
#endif
}

}  // namespace

const std::string& program() {
    return called_as;
}

std::string program_name() {
    return std::filesystem::path(called_as).filename().string();
}

void set_program(std::string called) {
    called_as = std::move(called);
}

const std::string& build_identity() {
    static const std::string identity = [] {
        std::string digits;
        dl_iterate_phdr(look_at, &digits);
        return fmt::format("vivarium " VIVARIUM_VERSION ", {}, {}", compiler(),
                           digits.empty() ? "without a build id" : digits.substr(0, 16));
    }();
    return identity;
}

}  // namespace reports
