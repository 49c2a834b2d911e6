# `cmake --install`: headers, libraries, and find_package(vivarium) for vivarium::system and, unless
# the product is built alone, vivarium::sim and vivarium::reports; and the server, if it was built.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(packaged system)
if(NOT VIVARIUM_ONLY_SYSTEM)
    list(APPEND packaged sim_trace sim_world sim reports)
    foreach(folder sim reports)
        install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}" DESTINATION include/vivarium
            FILES_MATCHING PATTERN "*.hpp")
    endforeach()
endif()
install(TARGETS ${packaged} EXPORT vivariumTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# A tree that was built by `./dev run` has no server.
install(TARGETS lifecycled RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/system" DESTINATION include/vivarium
    FILES_MATCHING PATTERN "*.hpp" PATTERN "server" EXCLUDE)
install(EXPORT vivariumTargets NAMESPACE vivarium::
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vivarium)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/vivariumConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/vivariumConfig.cmake"
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vivarium)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/vivariumConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/vivariumConfig.cmake"
    "${PROJECT_BINARY_DIR}/vivariumConfigVersion.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vivarium)
