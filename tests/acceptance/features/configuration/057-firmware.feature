Feature: 057 Firmware of meters

  Scenario Outline: Versions of three modules
    Given the meter "TEST1024000000057" of "<version>"
    When GetFirmwareVersion is asked of "TEST1024000000057"
    Then the answer has
      | path                                 | value                                |
      | Result                               | OK                                   |
      | FirmwareVersion/1/FirmwareModuleType | ACTIVE_FIRMWARE                      |
      | FirmwareVersion/1/Version            | M57 4836                             |
      | FirmwareVersion/2/FirmwareModuleType | MODULE_ACTIVE_FIRMWARE               |
      | FirmwareVersion/2/Version            | BL_012 XMX_N42_GprsV09               |
      | FirmwareVersion/3/FirmwareModuleType | COMMUNICATION_MODULE_ACTIVE_FIRMWARE |
      | FirmwareVersion/3/Version            | Telit 10.00.154                      |
    And the answer has 3 FirmwareVersion

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |

  Scenario Outline: Versions of four modules
    Given the meter "TEST1024000000057" of "<version>"
    When GetFirmwareVersion is asked of "TEST1024000000057"
    Then the answer has
      | path                                 | value                                |
      | Result                               | OK                                   |
      | FirmwareVersion/1/FirmwareModuleType | ACTIVE_FIRMWARE                      |
      | FirmwareVersion/1/Version            | M57 4836                             |
      | FirmwareVersion/2/FirmwareModuleType | MODULE_ACTIVE_FIRMWARE               |
      | FirmwareVersion/2/Version            | BL_012 XMX_N42_GprsV09               |
      | FirmwareVersion/3/FirmwareModuleType | COMMUNICATION_MODULE_ACTIVE_FIRMWARE |
      | FirmwareVersion/3/Version            | Telit 10.00.154                      |
      | FirmwareVersion/4/FirmwareModuleType | M_BUS_DRIVER_ACTIVE_FIRMWARE         |
      | FirmwareVersion/4/Version            | M00 0000                             |
    And the answer has 4 FirmwareVersion

    Examples:
      | version   |
      | SMR 5.0.0 |
      | SMR 5.1   |
      | SMR 5.2   |
      | SMR 5.5   |

  Scenario Outline: The version of a gas meter
    Given the meter "TEST1024000000057" of "<version>"
    And the gas meter "<device>" on channel 1 of "TEST1024000000057"
    When GetFirmwareVersionGas is asked of "<device>"
    Then the answer has
      | path                               | value               |
      | Result                             | OK                  |
      | FirmwareVersion/FirmwareModuleType | SIMPLE_VERSION_INFO |
      | FirmwareVersion/Version            | 00400011            |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TESTG102400000001 |
      | SMR 5.1   | TESTG102400000001 |
      | SMR 5.2   | TESTG102400000001 |
      | SMR 5.5   | TESTG102400000001 |
      | SMR 5.5   | TESTW102400000001 |

  Scenario Outline: Gas meters behind versions that do not tell
    Given the meter "TEST1024000000057" of "<version>"
    And the gas meter "TESTG102400000001" on channel 1 of "TEST1024000000057"
    When GetFirmwareVersionGas is asked of "TESTG102400000001"
    Then it has failed with "Simple Version Info not supported by protocol"

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |

  Scenario Outline: New firmware
    Given the image "<file>" of 600 octets, identified as "<identifier>", for the model "MA105" by "KAIF"
    And the meter "TEST1024000000057" of "<version>" is a "MA105" by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000057" with
      | path                   | value  |
      | FirmwareIdentification | <file> |
    Then the answer is OK
    When GetFirmwareVersion is asked of "TEST1024000000057"
    Then the answer has
      | path                                 | value           |
      | FirmwareVersion/1/FirmwareModuleType | ACTIVE_FIRMWARE |
      | FirmwareVersion/1/Version            | <identifier>    |

    Examples:
      | version    | file              | identifier |
      | DSMR 4.2.2 | TEST_FW_FILE_5701 | KAIF4201   |
      | SMR 5.0.0  | TEST_FW_FILE_5702 | KAIF5001   |

  Scenario: Firmware that the meter cannot verify
    Given the image "TEST_FW_FILE_5703" of 600 octets, identified as "KAIF.corrupt", for the model "MA105" by "KAIF"
    And the meter "TEST1024000000057" of "DSMR 4.2.2" is a "MA105" by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000057" with
      | path                   | value             |
      | FirmwareIdentification | TEST_FW_FILE_5703 |
    Then it has failed with "Upgrade of firmware did not succeed."

  Scenario: DSMR 2.2 has no image transfer
    Given the image "TEST_FW_FILE_5704" of 600 octets, identified as "KAIF2201", for the model "MA105" by "KAIF"
    And the meter "TEST1024000000057" of "DSMR 2.2" is a "MA105" by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000057" with
      | path                   | value             |
      | FirmwareIdentification | TEST_FW_FILE_5704 |
    Then it ends with fault 416
