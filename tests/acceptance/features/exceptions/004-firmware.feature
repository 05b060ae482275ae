Feature: 004 Firmware that is not there, or not for such a meter, is told by code

  Background:
    Given the manufacturer "KAIF" with the model "MA105"

  Scenario: A file that nobody registered
    Given the meter "TEST1024000000002" of "DSMR 4.2.2" of the model "MA105" by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000002" with
      | path                                      | value             |
      | FirmwareIdentification | TEST_FW_FILE_0001 |
    Then it ends with fault 701 of DOMAIN_SMART_METERING because of "TEST_FW_FILE_0001"
    And it was acknowledged first

  Scenario: A meter without model
    Given the firmware file "TEST_FW_FILE_0401" for "MA105" by "KAIF"
    And the meter "TEST1024000000002" of "DSMR 4.2.2" of no model by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000002" with
      | path                                      | value             |
      | FirmwareIdentification | TEST_FW_FILE_0401 |
    Then it ends with fault 601 of DOMAIN_SMART_METERING because of "TEST1024000000002"
    And it was acknowledged first

  Scenario: A file for another model
    Given the firmware file "TEST_FW_FILE_0402" for "MA105" by "KAIF"
    And the meter "TEST1024000000002" of "DSMR 4.2.2" of the model "MA304" by "KAIF"
    When UpdateFirmware is asked of "TEST1024000000002" with
      | path                                      | value             |
      | FirmwareIdentification | TEST_FW_FILE_0402 |
    Then it ends with fault 704 of DOMAIN_SMART_METERING because of "MA304"
    And it was acknowledged first
